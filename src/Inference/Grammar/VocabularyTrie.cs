using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Grammar;

/// <summary>
/// A vocabulary by the bytes of its tokens: prefix trees laid out in the order of a walk. Control tokens are in none, and markup of the model's
/// (<c>&lt;/tool_call&gt;</c>) is in no string: a model that says it there means to end the string. As a text it can still be spelled. Immutable.
/// </summary>
/// <remarks>
/// Within a string a token says some plain characters, those that any string holds as they are, and then perhaps something else: its tail. Only tails
/// depend on the place in the grammar (XGrammar, Dong et al. 2024, tells tokens apart in this way), and they are few: a quote and what follows it, an escape.
/// </remarks>
internal sealed class VocabularyTrie
{
    private static readonly ConditionalWeakTable<Tokenizer, Lazy<VocabularyTrie>> Known = [];

    private readonly TokenSet[] plain; // [characters]

    private VocabularyTrie(Tokenizer tokenizer)
    {
        var markup = tokenizer.AddedTokens.Where(added => added.Content is ['<', .., '>'] or ['[', .., ']']).Select(added => added.Id).ToHashSet();
        var tokens = new List<(byte[] Bytes, int Id)>();
        var whole = new List<List<int>>();                  // [characters]
        var tails = new List<List<(byte[] Tail, int Id)>>(); // [characters before]
        for (int id = 0; id < tokenizer.IdLimit; id++)
        {
            if (tokenizer.TokenBytes(id) is not { IsEmpty: false } spelled || tokenizer.IsSpecial(id))
                continue;
            var bytes = spelled.ToArray();
            tokens.Add((bytes, id));
            if (markup.Contains(id))
                continue;
            var (characters, length) = PlainBeginning(bytes);
            if (length == bytes.Length)
                Under(whole, characters).Add(id);
            else
                Under(tails, characters).Add((bytes[length..], id));
        }
        All = new TrieWalk(tokens);
        Tails = [.. tails.Select(group => new TrieWalk(group))];
        plain = new TokenSet[Math.Max(1, whole.Count)];
        for (int characters = 0; characters < plain.Length; characters++)
        {
            var set = plain[characters] = new TokenSet(tokenizer.IdLimit);
            if (characters == 0)
                continue;
            set.Add(plain[characters - 1]);
            set.Add(CollectionsMarshal.AsSpan(whole[characters]));
        }
    }

    /// <summary>All tokens.</summary>
    public TrieWalk All { get; }

    /// <summary>[characters] tails of the tokens that say so many plain characters first.</summary>
    public IReadOnlyList<TrieWalk> Tails { get; }

    /// <summary>Tokens that are nothing but plain characters, and so many at most.</summary>
    public TokenSet PlainUpTo(int characters) => plain[Math.Min(characters, plain.Length - 1)];

    /// <summary>That of a tokenizer; made once.</summary>
    public static VocabularyTrie Of(Tokenizer tokenizer) => Known.GetValue(tokenizer, static one => new Lazy<VocabularyTrie>(() => new VocabularyTrie(one))).Value;

    private static (int Characters, int Length) PlainBeginning(ReadOnlySpan<byte> bytes)
    {
        int characters = 0, length = 0;
        while (length < bytes.Length && Rune.DecodeFromUtf8(bytes[length..], out var rune, out int read) == System.Buffers.OperationStatus.Done
            && rune.Value is >= 0x20 and not ('"' or '\\'))
            (characters, length) = (characters + 1, length + read);
        return (characters, length);
    }

    private static List<T> Under<T>(List<List<T>> groups, int number)
    {
        while (groups.Count <= number)
            groups.Add([]);
        return groups[number];
    }
}
