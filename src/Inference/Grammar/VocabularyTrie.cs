using System.Runtime.CompilerServices;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Grammar;

/// <summary>
/// A vocabulary by the bytes of its tokens: prefix trees laid out in the order of a walk. Control tokens are in none. Immutable.
/// </summary>
internal sealed class VocabularyTrie
{
    private static readonly ConditionalWeakTable<Tokenizer, VocabularyTrie> Known = [];

    private VocabularyTrie(Tokenizer tokenizer)
    {
        var tokens = new List<(byte[] Bytes, int Id)>();
        for (int id = 0; id < tokenizer.IdLimit; id++)
        {
            if (tokenizer.TokenBytes(id) is { IsEmpty: false } bytes && !tokenizer.IsSpecial(id))
                tokens.Add((bytes.ToArray(), id));
        }
        Plain = [.. tokens.Where(token => IsPlain(token.Bytes)).Select(token => token.Id)];
        All = new TrieWalk(tokens);
        Marked = new TrieWalk(tokens.Where(token => !IsPlain(token.Bytes)));
    }

    /// <summary>All tokens.</summary>
    public TrieWalk All { get; }

    /// <summary>All but those of <see cref="Plain"/>.</summary>
    public TrieWalk Marked { get; }

    /// <summary>Tokens that are whole characters which any string may hold as they are.</summary>
    public IReadOnlyList<int> Plain { get; }

    /// <summary>That of a tokenizer; made once.</summary>
    public static VocabularyTrie Of(Tokenizer tokenizer) => Known.GetValue(tokenizer, static one => new VocabularyTrie(one));

    private static bool IsPlain(byte[] bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) && Array.TrueForAll(bytes, one => one >= 0x20 && one != '"' && one != '\\');
}
