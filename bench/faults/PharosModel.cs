using System.Collections.Immutable;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;

namespace Pharos.Bench.Faults;

/// <summary>The embedded model's text side, and a simulated device that speaks it: each letter is one token, so text shows tokens.</summary>
internal static class PharosModel
{
    private static readonly string[] Calls =
    [
        Markup("search", """{"query": "x"}"""),
        Markup("fetch", """{"page": 7}"""),
        Markup("search", """{"query": "y"}""") + "\n" + Markup("fetch", """{"page": 8}"""),
    ];

    public static ServedModel Served { get; } = ServedModel.Open("spark");

    private static ImmutableArray<int> Letters { get; } = [.. Enumerable.Range('a', 26).Select(letter => Served.Tokenizer.Encode(((char)letter).ToString(), parseSpecial: false).Single())];

    public static SimulatedBackendOptions Device(int deviceBlocks, int hostBlocks, TimeSpan stepTime) => new()
    {
        Model = new ModelShape(Served.Name, "simulated", 1, 1, 1, 2, 2, Served.Loaded.Shape.VocabularySize, Served.MaxPositions),
        BlockSize = 8,
        DeviceBlocks = deviceBlocks,
        HostBlocks = hostBlocks,
        MaxTokensPerStep = 64,
        MaxSequences = 6,
        Alphabet = Letters,
        EosToken = Served.EndTokens[0],
        MinSegment = 6,
        MaxSegment = 30,
        Calls = [.. Calls.Select(call => Served.Tokenizer.Encode(call, parseSpecial: true).ToImmutableArray())],
        CallShare = 0.6,
        StepTime = stepTime,
    };

    private static string Markup(string tool, string arguments) => $"<tool_call>\n{{\"name\": \"{tool}\", \"arguments\": {arguments}}}\n</tool_call>";
}
