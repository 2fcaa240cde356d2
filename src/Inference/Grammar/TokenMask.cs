using System.Numerics;

namespace Pharos.Inference.Grammar;

/// <summary>A set of tokens that may follow. Immutable. Few tokens are kept as a list: a large vocabulary has no room for a bit each at every place of a grammar.</summary>
internal sealed class TokenMask
{
    /// <summary>Tokens of a list.</summary>
    public const int MostListed = 256;

    private readonly int vocabularySize;
    private readonly ulong[] words = []; // [token / 64], where there are many
    private readonly int[] few = [];     // ascending, where there are few

    /// <param name="words">[token / 64] one bit a token, none beyond the vocabulary.</param>
    public TokenMask(int vocabularySize, ReadOnlySpan<ulong> words)
    {
        this.vocabularySize = vocabularySize;
        int count = 0;
        foreach (ulong word in words)
            count += BitOperations.PopCount(word);
        if (count > MostListed)
        {
            this.words = words.ToArray();
            return;
        }
        few = new int[count];
        int listed = 0;
        for (int i = 0; i < words.Length; i++)
        {
            for (ulong word = words[i]; word != 0; word &= word - 1)
                few[listed++] = i * 64 + BitOperations.TrailingZeroCount(word);
        }
    }

    public long Bytes => words.Length * (long)sizeof(ulong) + few.Length * (long)sizeof(int);

    /// <summary>The lowest token; -1 for none.</summary>
    public int First
    {
        get
        {
            if (words.Length == 0)
                return few.Length > 0 ? few[0] : -1;
            int word = words.AsSpan().IndexOfAnyExcept(0UL);
            return word * 64 + BitOperations.TrailingZeroCount(words[word]);
        }
    }

    public bool Holds(int token) => words.Length == 0
        ? few.AsSpan().BinarySearch(token) >= 0
        : (uint)token < (uint)vocabularySize && (words[token >> 6] >> token & 1) != 0;

    /// <summary>Makes all other tokens impossible.</summary>
    /// <param name="logits">[vocabulary]</param>
    public void Apply(Span<float> logits)
    {
        if (words.Length == 0)
            ApplyFew(logits);
        else
            ApplyMany(logits);
    }

    private void ApplyFew(Span<float> logits)
    {
        Span<float> kept = stackalloc float[MostListed];
        for (int i = 0; i < few.Length; i++)
            kept[i] = logits[few[i]];
        logits.Fill(float.NegativeInfinity);
        for (int i = 0; i < few.Length; i++)
            logits[few[i]] = kept[i];
    }

    private void ApplyMany(Span<float> logits)
    {
        for (int i = 0; i < words.Length; i++)
        {
            int start = i * 64;
            ulong banned = ~words[i];
            if (banned == ulong.MaxValue)
            {
                logits[start..Math.Min(start + 64, logits.Length)].Fill(float.NegativeInfinity);
                continue;
            }
            for (; banned != 0; banned &= banned - 1)
            {
                int token = start + BitOperations.TrailingZeroCount(banned);
                if (token < logits.Length)
                    logits[token] = float.NegativeInfinity;
            }
        }
    }
}
