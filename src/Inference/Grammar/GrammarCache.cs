using Pharos.Inference.Serving;

namespace Pharos.Inference.Grammar;

/// <summary>
/// Grammars of the last rules that were asked for: clients send the same ones again and again. As many are kept as fit a budget, though they grow
/// while they are used; the last one always. May be asked on any thread; what it gives serves one.
/// </summary>
public sealed class GrammarCache
{
    private readonly ServedModel model;
    private readonly int vocabularySize;
    private readonly long budgetBytes;
    private readonly Lock gate = new();
    private readonly LinkedList<(string Key, SegmentGrammar Grammar)> recent = [];

    /// <param name="vocabularySize">Logits of a row.</param>
    /// <param name="budgetBytes">Of the grammars, beside those that running segments hold.</param>
    public GrammarCache(ServedModel model, int vocabularySize, long budgetBytes = 64L << 20)
    {
        (this.model, this.vocabularySize, this.budgetBytes) = (model, vocabularySize, budgetBytes);
        ThreadPool.UnsafeQueueUserWorkItem(static tokenizer => VocabularyTrie.Of(tokenizer), model.Tokenizer, preferLocal: false); // a third of a second for 128k tokens
    }

    /// <summary>Grammars kept.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
                return recent.Count;
        }
    }

    /// <exception cref="SchemaException">No grammar can be made of one of their schemas.</exception>
    public SegmentGrammar Find(SegmentRules rules)
    {
        string key = rules.Key;
        lock (gate)
        {
            for (var entry = recent.First; entry is not null; entry = entry.Next)
            {
                if (entry.Value.Key != key)
                    continue;
                recent.Remove(entry);
                Keep(entry.Value);
                return entry.Value.Grammar;
            }
        }
        var made = SegmentGrammar.Compile(rules, model.Tokenizer, vocabularySize, model.EndTokens, model.Format.Markup);
        lock (gate)
            Keep((key, made));
        return made;
    }

    private void Keep((string Key, SegmentGrammar Grammar) entry)
    {
        recent.AddFirst(entry);
        long bytes = 0;
        for (var kept = recent.First; kept is not null;)
        {
            var next = kept.Next;
            bytes += kept.Value.Grammar.Bytes + 2L * kept.Value.Key.Length;
            if (bytes > budgetBytes && kept != recent.First)
                recent.Remove(kept);
            kept = next;
        }
    }
}
