using System.Collections.Immutable;

namespace Pharos.Scheduling.Prediction;

/// <summary>What a predictor looks at of a prompt, as hashes that are the same on every machine.</summary>
public static class PromptFeatures
{
    /// <summary>Most hashes that are kept of a prompt.</summary>
    public const int MostWords = 2 * (First + Last);

    private const int First = 16, Last = 48; // tokens
    private const ulong Offset = 14695981039346656037, Prime = 1099511628211;

    /// <summary>Names a set of tools by their names in order (FNV-1a); 0 for none.</summary>
    public static ulong Offer(params IReadOnlyList<string> tools)
    {
        if (tools.Count == 0)
            return 0;
        var hash = Offset;
        foreach (var tool in tools)
        {
            foreach (var letter in tool)
                hash = (hash ^ letter) * Prime;
            hash = (hash ^ 0xff) * Prime;
        }

        return hash;
    }

    /// <summary>
    /// Hashes of the single tokens and of the pairs of neighbours at the beginning and at the end of a prompt, where instruction and question
    /// stand; at most <see cref="MostWords"/>, each once.
    /// </summary>
    public static ImmutableArray<uint> Words(ReadOnlySpan<int> tokens)
    {
        var words = new HashSet<uint>();
        if (tokens.Length <= First + Last)
        {
            Read(tokens, words);
        }
        else
        {
            Read(tokens[..First], words);
            Read(tokens[^Last..], words);
        }

        return [.. words];
    }

    private static void Read(ReadOnlySpan<int> tokens, HashSet<uint> words)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            words.Add(Mixed((uint)tokens[i] + 1));
            if (i > 0)
                words.Add(Mixed(((ulong)tokens[i - 1] + 1) << 32 | ((uint)tokens[i] + 1)));
        }
    }

    private static uint Mixed(ulong value) => (uint)(value * 0x9E3779B97F4A7C15 >> 32);
}
