using System.Text.RegularExpressions;

namespace Pharos.Architecture.Tests;

/// <summary>The rules of CONTRIBUTING.md that a compiler does not know. A failure lists every file that breaks the rule.</summary>
public sealed partial class HouseRulesTests
{
    private const int MostLines = 400;
    private const int MostShellLines = 150;

    [Fact]
    public void Grain_files_name_no_host() =>
        AssertNone([.. Repository.Sources("src/Grains"), .. Repository.Sources("src/Grains.Abstractions")], HostName());

    [Fact]
    public void Grains_are_shells_of_about_a_screen()
    {
        var shells = Repository.Sources("src/Grains").Concat(Repository.Sources("src/Grains.Abstractions"))
            .Where(path => Path.GetFileName(path).Contains("Grain", StringComparison.Ordinal)).ToList();
        Assert.True(shells.Count >= 4, "The grain files were not found: have they moved?");
        AssertEmpty(shells.Where(path => Lines(path) >= MostShellLines).Select(path => $"{path}: {Lines(path)} lines, a grain shell has under {MostShellLines}"));
    }

    [Fact]
    public void No_file_is_longer_than_a_reader_can_hold() => AssertEmpty(
        Repository.Sources("src").Concat(Repository.Sources("tests"))
            .Where(path => Lines(path) > MostLines).Select(path => $"{path}: {Lines(path)} lines, it wants to be two files of under {MostLines}"));

    [Fact]
    public void Decisions_know_no_clock_no_chance_no_thread_and_no_network() => AssertNone(Repository.Sources("src/Scheduling"), Impure());

    [Fact]
    public void No_work_is_left_for_later_in_a_file() => AssertNone(Repository.Files(), Unfinished());

    [Fact]
    public void The_structure_page_names_every_project()
    {
        var page = Repository.Read("docs/structure.md");
        var projects = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(Path.GetFileNameWithoutExtension).ToList();
        Assert.True(projects.Count > 5);
        AssertEmpty(projects.Where(name => !page.Contains($"\n| {name} |", StringComparison.Ordinal)).Select(name => $"docs/structure.md has no row for {name}"));
    }

    [Theory]
    [InlineData("dotnet run -c Release --project src/Gateway")]
    [InlineData("dotnet test Cluster.sln -c Release")]
    public void The_readme_says_how_to_run_and_how_to_test(string command) =>
        Assert.Contains($"\n    {command}", Repository.Read("README.md"), StringComparison.Ordinal);

    private static void AssertNone(IReadOnlyList<string> paths, Regex forbidden)
    {
        Assert.True(paths.Count > 5, "The files were not found: have they moved?");
        AssertEmpty(paths.SelectMany(path => forbidden.Matches(Repository.Read(path)).Select(match => $"{path} has '{match.Value.Trim()}'")));
    }

    private static void AssertEmpty(IEnumerable<string> breaches)
    {
        var found = string.Join('\n', breaches);
        Assert.True(found.Length == 0, found);
    }

    private static int Lines(string path) => File.ReadLines(Path.Combine(Repository.Root, path)).Count();

    [GeneratedRegex(@"^\s*#\s*if\b.*$|^\s*(global\s+)?using\s+(static\s+)?(\w+\s*=\s*)?(Orleans|Pharos\.InProcess|Pharos\.Clustered)\b", RegexOptions.Multiline)]
    private static partial Regex HostName();

    [GeneratedRegex(@"System\.(Net|IO|Threading|Diagnostics)\b|\bTask\b|\bDateTime(Offset)?\.(UtcNow|Now)\b|\bTimeProvider\b|\bStopwatch\b|\bEnvironment\.|\bRandom\.Shared\b|\bnew Random\(\)|\bGuid\.NewGuid\b|\bHttpClient\b|\bThread\b|\bConsole\b|\bFile\.")]
    private static partial Regex Impure();

    // Written apart, so that this file keeps the rule.
    [GeneratedRegex(@"\bTO" + @"DO\b|NotImplemented" + "Exception")]
    private static partial Regex Unfinished();
}
