using Pharos.Inference.Serving;

namespace Pharos.Inference.Grammar;

/// <summary>
/// Grammars of the last rules that were asked for: clients send the same ones again and again. May be asked on any thread; what it gives serves one.
/// </summary>
public sealed class GrammarCache(ServedModel model, int vocabularySize)
{
    private const int MaxGrammars = 16;
    private readonly Lock gate = new();
    private readonly LinkedList<(string Key, SegmentGrammar Grammar)> recent = [];

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
                recent.AddFirst(entry);
                return entry.Value.Grammar;
            }
        }
        var made = SegmentGrammar.Compile(rules, model.Tokenizer, vocabularySize, model.EndTokens);
        lock (gate)
        {
            recent.AddFirst((key, made));
            if (recent.Count > MaxGrammars)
                recent.RemoveLast();
        }
        return made;
    }
}
