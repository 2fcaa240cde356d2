namespace Pharos.Inference.Grammar;

/// <summary>A set of tokens in the making.</summary>
/// <param name="vocabularySize">Tokens beyond it are let go.</param>
internal sealed class TokenSet(int vocabularySize)
{
    private readonly ulong[] words = new ulong[(vocabularySize + 63) / 64];

    public bool IsEmpty => !words.AsSpan().ContainsAnyExcept(0UL);

    public void Clear() => words.AsSpan().Clear();

    public void Add(int token)
    {
        if ((uint)token < (uint)vocabularySize)
            words[token >> 6] |= 1UL << token;
    }

    public void Add(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
            Add(token);
    }

    public void Add(TokenSet other)
    {
        int shared = Math.Min(words.Length, other.words.Length);
        for (int i = 0; i < shared; i++)
            words[i] |= other.words[i];
        if (vocabularySize % 64 is > 0 and var used)
            words[^1] &= (1UL << used) - 1;
    }

    public TokenMask ToMask() => new(vocabularySize, words);
}
