using Pharos.Inference.Chat;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Grammar;

/// <summary>
/// A grammar over the tokens of one vocabulary: which tokens may follow at a state. The walk over the vocabulary's prefix tree is remembered by state;
/// within strings it visits only tokens that are not plain text (the context-independent ones of XGrammar, Dong et al. 2024). For one thread.
/// </summary>
public sealed class SegmentGrammar
{
    private const int MaxMasks = 1024;
    private const int MaxMaskBytes = 8 << 20;

    private readonly Tokenizer tokenizer;
    private readonly int vocabularySize;
    private readonly int[] endTokens;
    private readonly VocabularyTrie vocabulary;
    private readonly TokenMask plain;
    private readonly Automaton automaton;
    private readonly AutomatonState[] walked; // [depth] of the walk under way
    private readonly int mostMasks;
    private int masks;

    internal SegmentGrammar(GrammarNet net, Tokenizer tokenizer, int vocabularySize, IEnumerable<int> endTokens)
    {
        (this.tokenizer, this.vocabularySize, this.endTokens) = (tokenizer, vocabularySize, [.. endTokens]);
        vocabulary = VocabularyTrie.Of(tokenizer);
        automaton = new Automaton(net);
        walked = new AutomatonState[vocabulary.All.Longest + 1];
        plain = new TokenMask(vocabularySize);
        mostMasks = (int)Math.Clamp(MaxMaskBytes / plain.Bytes, 16, MaxMasks);
        foreach (int token in vocabulary.Plain)
            plain.Add(token);
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
    internal long Bytes => automaton.Bytes + (Volatile.Read(ref masks) + 1) * plain.Bytes;

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
            if (++masks > mostMasks)
            {
                automaton.Forget();
                masks = 1;
            }
            mask = plainest.Mask = Compute(plainest);
        }
        return state.Mask = mask;
    }

    private TokenMask Compute(AutomatonState state)
    {
        var mask = new TokenMask(vocabularySize);
        bool withinString = automaton.IsWithinString(state, vocabulary.All.Longest);
        if (withinString)
            mask.Add(plain);
        Walk(withinString ? vocabulary.Marked : vocabulary.All, state, mask);
        if (state.MayEnd || mask.First < 0) // nothing else to say: a vocabulary that lacks characters ends here
        {
            foreach (int token in endTokens)
                mask.Add(token);
        }
        return mask;
    }

    private void Walk(TrieWalk trie, AutomatonState start, TokenMask mask)
    {
        var nodes = trie.Nodes;
        walked[0] = start;
        for (int at = 0; at < nodes.Length;)
        {
            var node = nodes[at];
            var after = automaton.Step(walked[node.Depth], node.Label);
            if (after.IsDead)
            {
                at = node.End;
                continue;
            }
            walked[node.Depth + 1] = after;
            foreach (int id in trie.Ids.Slice(node.FirstId, node.Ids))
                mask.Add(id);
            at++;
        }
    }
}
