using System.Buffers;

namespace Pharos.Inference.Tokenization;

/// <summary>A token matched by its literal spelling before anything else.</summary>
/// <param name="Special">Control tokens: user text must not be able to spell them, and they are not part of an answer's text.</param>
public sealed record AddedToken(int Id, string Content, bool Special);

/// <summary>Finds added tokens in text: leftmost first, the longest where several start at one place.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<char> starts;
    private readonly Dictionary<char, AddedToken[]> byFirst;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        byFirst = tokens.GroupBy(t => t.Content[0])
            .ToDictionary(g => g.Key, g => g.OrderByDescending(t => t.Content.Length).ToArray());
        starts = SearchValues.Create([.. byFirst.Keys]);
    }

    /// <summary>The next added token at or after <paramref name="from"/>; null where none follows.</summary>
    public AddedToken? Next(string text, int from, out int at)
    {
        for (at = from; at < text.Length; at++)
        {
            int skip = text.AsSpan(at).IndexOfAny(starts);
            if (skip < 0)
                break;
            at += skip;
            foreach (var token in byFirst[text[at]])
            {
                if (text.AsSpan(at).StartsWith(token.Content, StringComparison.Ordinal))
                    return token;
            }
        }
        at = text.Length;
        return null;
    }
}
