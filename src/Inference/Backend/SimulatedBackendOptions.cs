namespace Pharos.Inference.Backend;

/// <summary>How the simulated device answers and how long it takes.</summary>
public sealed record SimulatedBackendOptions
{
    /// <summary>What it pretends to have loaded; only the vocabulary, the longest context and the canonical size matter.</summary>
    public ModelShape Model { get; init; } = new("simulated", "simulated", 1, 1, 1, 2, 2, 512, 4096);

    public int BlockSize { get; init; } = 16;

    public int DeviceBlocks { get; init; } = 1024;

    public int HostBlocks { get; init; } = 1024;

    public int MaxTokensPerStep { get; init; } = 512;

    public int MaxSequences { get; init; } = 128;

    /// <summary>Answers differ between seeds.</summary>
    public ulong Seed { get; init; }

    /// <summary>Ids that answers are made of.</summary>
    public IReadOnlyList<int> Alphabet { get; init; } = [.. Enumerable.Range('a', 26)];

    /// <summary>The id that ends a segment; not of the alphabet.</summary>
    public int EosToken { get; init; } = 258;

    /// <summary>Fewest tokens of a segment before its end.</summary>
    public int MinSegment { get; init; } = 8;

    /// <summary>Most tokens of a segment before its end.</summary>
    public int MaxSegment { get; init; } = 64;

    /// <summary>What may follow the letters of a segment before its end, as token ids: tool calls in the model's markup.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Calls { get; init; } = [];

    /// <summary>Share of segments that end in one of <see cref="Calls"/>.</summary>
    public double CallShare { get; init; }

    /// <summary>Time a step takes whatever it holds.</summary>
    public TimeSpan StepTime { get; init; } = TimeSpan.Zero;

    /// <summary>Single tokens (decodes) a second, all sequences together.</summary>
    public double DecodeTokensPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>Tokens a second of prompts' chunks.</summary>
    public double PrefillTokensPerSecond { get; init; } = double.PositiveInfinity;
}
