using Pharos.Inference.Chat;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Grammar;

/// <summary>
/// A grammar over the tokens of one vocabulary: which tokens may follow at a state. What a walk over the vocabulary's prefix tree found is remembered by state.
/// Walks are short: within strings they visit the tails of tokens alone (<see cref="VocabularyTrie"/>), and where a text goes on as it did, as free text and
/// repeated classes of characters do, a whole subtree is taken in one step. For one thread.
/// </summary>
public sealed class SegmentGrammar
{
    private const int MaxMasks = 1024;
    private const int MaxMaskBytes = 8 << 20;
    private const int WorthLooking = 64; // nodes of a subtree, for asking whether all of it may follow

    private readonly Tokenizer tokenizer;
    private readonly int[] endTokens;
    private readonly VocabularyTrie vocabulary;
    private readonly TokenSet found; // of the walk under way
    private readonly Automaton automaton;
    private readonly AutomatonState[] walked; // [depth] of the walk under way
    private int masks;
    private long bytesOfMasks;

    internal SegmentGrammar(GrammarNet net, Tokenizer tokenizer, int vocabularySize, IEnumerable<int> endTokens)
    {
        (this.tokenizer, this.endTokens) = (tokenizer, [.. endTokens]);
        vocabulary = VocabularyTrie.Of(tokenizer);
        automaton = new Automaton(net);
        walked = new AutomatonState[vocabulary.All.Longest + 1];
        found = new TokenSet(vocabularySize);
    }

    /// <param name="vocabularySize">Logits of a row.</param>
    /// <param name="endTokens">Allowed where the answer is whole, and only there.</param>
    /// <param name="markup">How the model writes calls; Hermes where null.</param>
    /// <exception cref="SchemaException">A schema is not supported.</exception>
    public static SegmentGrammar Compile(
        SegmentRules rules, Tokenizer tokenizer, int vocabularySize, IEnumerable<int> endTokens, ToolMarkup? markup = null) =>
        new(GrammarNet.Compile(rules, markup ?? ToolMarkup.Hermes), tokenizer, vocabularySize, endTokens);

    /// <exception cref="SchemaException">No grammar can be made of the schema.</exception>
    public static void RequireSupported(string schema) => GrammarNet.Check(schema);

    /// <exception cref="SchemaException">No grammar can be made of the schema, or it allows other values than objects.</exception>
    public static void RequireArguments(string schema) => GrammarNet.CheckArguments(schema);

    /// <summary>Whether <see cref="RequireArguments"/> is content with the schema.</summary>
    public static bool TakesArguments(string schema)
    {
        try
        {
            RequireArguments(schema);
            return true;
        }
        catch (SchemaException)
        {
            return false;
        }
    }

    /// <summary>About what it holds in memory now: it remembers what it finds, within bounds. May be asked on any thread.</summary>
    internal long Bytes => automaton.Bytes + Volatile.Read(ref bytesOfMasks);

    /// <summary>At the beginning of a segment.</summary>
    public GrammarMatcher Begin() => new(this, automaton.Start);

    internal AutomatonState After(AutomatonState state, int token)
    {
        foreach (byte next in tokenizer.TokenBytes(token))
            state = automaton.Step(state, next);
        return state;
    }

    internal TokenMask MaskOf(AutomatonState state)
    {
        if (state.Mask is { } known)
            return known;
        var plainest = automaton.Plainest(state, vocabulary.All.Longest);
        var mask = plainest.Mask;
        if (mask is null)
        {
            if (masks >= MaxMasks || bytesOfMasks >= MaxMaskBytes)
            {
                automaton.Forget();
                (masks, bytesOfMasks) = (0, 0);
            }
            mask = plainest.Mask = Compute(plainest);
            (masks, bytesOfMasks) = (masks + 1, bytesOfMasks + mask.Bytes);
        }
        return state.Mask = mask;
    }

    private TokenMask Compute(AutomatonState state)
    {
        found.Clear();
        if (automaton.CharactersLeft(state) is { } left)
            WalkString(state, left);
        else
            Walk(vocabulary.All, state);
        if (state.MayEnd || found.IsEmpty) // nothing else to say: a vocabulary that lacks characters ends here
            found.Add(endTokens);
        return found.ToMask();
    }

    private void WalkString(AutomatonState state, int left)
    {
        found.Add(vocabulary.PlainUpTo(left));
        for (int said = 0; said < vocabulary.Tails.Count && said <= left; said++)
        {
            Walk(vocabulary.Tails[said], state);
            state = automaton.Step(state, (byte)'a'); // one plain character is as good as another
        }
    }

    private void Walk(TrieWalk trie, AutomatonState start)
    {
        var nodes = trie.Nodes;
        walked[0] = start;
        for (int at = 0; at < nodes.Length;)
        {
            ref readonly var node = ref nodes[at];
            var after = automaton.Step(walked[node.Depth], node.Label);
            if (after.IsDead)
            {
                at = node.End;
                continue;
            }
            if (node.End - at >= WorthLooking && (node.Below & ~automaton.LoopsOf(after)) == 0)
            {
                found.Add(trie.IdsWithin(node));
                at = node.End;
                continue;
            }
            walked[node.Depth + 1] = after;
            found.Add(trie.Ids.Slice(node.FirstId, node.Ids));
            at++;
        }
    }
}
