using System.Numerics;

namespace Pharos.Inference.Grammar;

/// <summary>A set of tokens. Immutable once made.</summary>
internal sealed class TokenMask(int vocabularySize)
{
    private readonly ulong[] words = new ulong[(vocabularySize + 63) / 64];

    public long Bytes => words.Length * (long)sizeof(ulong);

    /// <summary>The lowest token; -1 for none.</summary>
    public int First
    {
        get
        {
            int word = words.AsSpan().IndexOfAnyExcept(0UL);
            return word < 0 ? -1 : word * 64 + BitOperations.TrailingZeroCount(words[word]);
        }
    }

    public bool Holds(int token) => (uint)token < (uint)vocabularySize && (words[token >> 6] >> token & 1) != 0;

    /// <summary>Tokens beyond the vocabulary are let go.</summary>
    public void Add(int token)
    {
        if ((uint)token < (uint)vocabularySize)
            words[token >> 6] |= 1UL << token;
    }

    public void Add(TokenMask other)
    {
        for (int i = 0; i < words.Length; i++)
            words[i] |= other.words[i];
    }

    /// <summary>Makes all other tokens impossible.</summary>
    /// <param name="logits">[vocabulary]</param>
    public void Apply(Span<float> logits)
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
