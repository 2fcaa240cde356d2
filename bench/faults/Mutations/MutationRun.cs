using System.Diagnostics;
using System.Text.Json;

namespace Pharos.Bench.Faults.Mutations;

/// <summary>
/// Shows that the net catches fish: copies the source, makes one mistake at a time, builds the project that has it, and plays seeds until one
/// notices.
/// </summary>
/// <param name="folder">Where the copy is kept for the next time; null: nowhere.</param>
internal sealed class MutationRun(string root, int seeds, string? folder)
{
    private static readonly string[] Copied = ["src", "bench/faults", "models/spark"];
    private readonly string copy = folder ?? Directory.CreateTempSubdirectory("pharos-mutations-").FullName;

    private string Program => Path.Combine(copy, "artifacts/InProcess/bin/faults/release");

    /// <returns>How many got away.</returns>
    public int Run(string? only)
    {
        try
        {
            if (!File.Exists(Path.Combine(Program, "Pharos.Bench.Faults.dll")))
                Prepare();
            var escaped = 0;
            foreach (var mutation in Mutation.All.Where(mutation => only is null || mutation.Name.Contains(only, StringComparison.Ordinal)))
            {
                var caught = Try(mutation);
                escaped += caught is null ? 1 : 0;
                Console.WriteLine($"{mutation.Name,-46} {(caught is { } by ? $"seed {by.Seed,4}: {by.What}" : "NOT CAUGHT")}");
            }

            return escaped;
        }
        finally
        {
            if (folder is null)
                Directory.Delete(copy, recursive: true);
        }
    }

    private void Prepare()
    {
        foreach (var part in Copied)
            Copy(new DirectoryInfo(Path.Combine(root, part)), Path.Combine(copy, part));
        foreach (var file in Directory.EnumerateFiles(root).Where(file => Path.GetFileName(file) is ".editorconfig" or "NuGet.config" || Path.GetFileName(file).StartsWith("Directory.", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
        Build("bench/faults");
    }

    private (int Seed, string What)? Try(Mutation mutation)
    {
        var path = Path.Combine(copy, mutation.Path);
        var source = File.ReadAllText(path);
        var library = $"Pharos.{Path.GetFileName(mutation.Project)}.dll";
        var whole = File.ReadAllBytes(Path.Combine(Program, library));
        try
        {
            File.WriteAllText(path, mutation.Apply(source));
            Build(mutation.Project, "--no-dependencies", "--no-restore");
            File.Copy(Path.Combine(copy, "artifacts/InProcess/bin", Path.GetFileName(mutation.Project), "release", library), Path.Combine(Program, library), overwrite: true);
            return FirstViolation(Output(Path.Combine(Program, "Pharos.Bench.Faults.dll"), "--seeds", $"{seeds}", "--from", "1", "--first", "--json"));
        }
        finally
        {
            File.WriteAllText(path, source);
            File.WriteAllBytes(Path.Combine(Program, library), whole);
        }
    }

    private static (int Seed, string What)? FirstViolation(string report)
    {
        using var json = JsonDocument.Parse(report);
        if (json.RootElement.GetProperty("violations").EnumerateArray().Select(violation => (JsonElement?)violation).FirstOrDefault() is not { } first)
            return null;
        var what = first.GetProperty("what").GetString()!.ReplaceLineEndings(" ");
        return (first.GetProperty("seed").GetInt32(), what[..Math.Min(what.Length, 120)]);
    }

    private void Build(string project, params string[] options) => Output(["build", project, "-c", "Release", "-v", "q", "--nologo", "-p:TreatWarningsAsErrors=false", .. options]);

    private string Output(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = copy, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode <= 1 && (arguments[0] != "build" || process.ExitCode == 0) ? output : throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}");
    }

    private static void Copy(DirectoryInfo from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in from.EnumerateFiles())
            file.CopyTo(Path.Combine(to, file.Name));
        foreach (var folder in from.EnumerateDirectories())
            Copy(folder, Path.Combine(to, folder.Name));
    }
}
