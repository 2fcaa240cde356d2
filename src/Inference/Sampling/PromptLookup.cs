namespace Pharos.Inference.Sampling;

/// <summary>
/// Guesses the continuation of a text from the text itself: where its last tokens stood before, what followed then follows again (prompt lookup
/// decoding, Saxena 2023). Tool results and quotations repeat.
/// </summary>
public static class PromptLookup
{
    private const int Longest = 3, Shortest = 2; // tokens that must have stood together before

    /// <summary>At most <paramref name="most"/> tokens that may follow; empty where the text does not repeat itself.</summary>
    public static ReadOnlySpan<int> Find(ReadOnlySpan<int> tokens, int most)
    {
        for (int length = Longest; length >= Shortest && most > 0; length--)
        {
            if (tokens.Length <= length)
                continue;
            int found = tokens[..^1].LastIndexOf(tokens[^length..]);
            if (found >= 0)
                return tokens.Slice(found + length, Math.Min(most, tokens.Length - found - length));
        }
        return [];
    }
}
