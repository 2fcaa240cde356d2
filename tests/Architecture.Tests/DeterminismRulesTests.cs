using System.Text.RegularExpressions;

namespace Pharos.Architecture.Tests;

/// <summary>
/// What the fault simulation lives on: the same seed does the same, bit for bit. Work that hops to the thread pool, ambient time and chance, and the
/// order of a hash table break that, so they stay at the edges.
/// </summary>
public sealed partial class DeterminismRulesTests
{
    private static readonly string[] Simulated = ["src/Scheduling", "src/Grains", "src/Gateway/Answers"];

    // The edges: real I/O and real devices, which a simulation replaces.
    private static readonly string[] Edges =
    [
        "src/Grains/Devices/BackendFactory.cs", // loads weights
        "src/Grains/Hosting/", // starts processes
        "src/Grains/Tools/Tool", // HTTP: ToolCaller, ToolEndpoint, ToolPipeline, ToolTransport
        "src/Grains/Tools/Bulkhead.cs", // part of the same pipeline
        "src/Grains/Tools/RateLimit.cs", // likewise
        "src/Gateway/Answers/GatewayIdentity.cs", // names a process once
    ];

    // Hash tables that may be enumerated, by folder and name; each with its reason.
    private static readonly string[] Harmless =
    [
        "src/Gateway/Answers: _feeds", // waits for all of them
        "src/Scheduling/Pool: coming", // turns under way: their order has no effect but that of words sent at the same time
        "src/Scheduling/Worker: slots", // integrity, and snapshots whose readers look up by request
        "src/Scheduling/Worker: index", // integrity
    ];

    [Fact]
    public void Nothing_hops_to_the_thread_pool_or_asks_the_machine_for_time_or_chance() => AssertNone(
        from path in Files()
        where !Edges.Any(edge => path.StartsWith(edge, StringComparison.Ordinal))
        from Match match in Hop().Matches(Repository.Read(path))
        select $"{path} has '{match.Value}': a seed would not repeat. Let loops begin with BackgroundLoops, await plainly, inject TimeProvider and Random");

    [Fact]
    public void Nothing_follows_the_order_of_a_hash_table() => AssertNone(
        from path in Files()
        let text = Repository.Read(path)
        let known = Path.GetDirectoryName(path)!
        from name in HashTables(known)
        where Enumerates(text, name) && !Harmless.Contains($"{known}: {name}")
        select $"{path} enumerates '{name}', whose order is that of a hash table: use a sorted collection, or order the result in the same statement");

    private static List<string> Files()
    {
        var files = Simulated.SelectMany(Repository.Sources).ToList();
        Assert.True(files.Count > 30, "The files were not found: have they moved?");
        return files;
    }

    // Fields and variables of a folder: partial classes share them.
    private static IEnumerable<string> HashTables(string folder) => Repository.Sources(folder)
        .SelectMany(path => Declaration().Matches(Repository.Read(path)).Select(match => match.Groups["name"].Value)).Distinct();

    private static bool Enumerates(string text, string name)
    {
        var use = new Regex($@"\bin {name}\)|\bin {name}\.(?<all>Keys|Values)\)|(?<![\w.]){name}(\.(Keys|Values))?\.(Where|Select|SelectMany|ToList|ToArray|First|FirstOrDefault)\(|\.\. ?{name}\b|(?<![\w.]){name}\.(Keys|Values);");
        return Statement().Matches(text).Any(statement => use.IsMatch(statement.Value) && !statement.Value.Contains(".Order", StringComparison.Ordinal));
    }

    private static void AssertNone(IEnumerable<string> breaches)
    {
        var found = string.Join('\n', breaches);
        Assert.True(found.Length == 0, found);
    }

    [GeneratedRegex(@"\bTask\.Run\b|ConfigureAwait\(false\)|\bDateTime(Offset)?\.(UtcNow|Now)\b|\bRandom\.Shared\b|\bnew Random\(\)|\bGuid\.(NewGuid|CreateVersion7)\b|\.CancelAsync\(|\.ReadAllAsync\(|\bThreadPool\.|\bStopwatch\.|\bEnvironment\.TickCount")]
    private static partial Regex Hop();

    [GeneratedRegex(@"\b(Concurrent|Immutable|Frozen)?(Dictionary|HashSet)<[^;=\n]*>\??\s+(?<name>\w+)\s*(=|;)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"[^;{}]+[;{]")]
    private static partial Regex Statement();
}
