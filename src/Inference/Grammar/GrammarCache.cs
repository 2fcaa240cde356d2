using System.Collections.Immutable;
using Pharos.Inference.Serving;

namespace Pharos.Inference.Grammar;

/// <summary>
/// Grammars of the last schemas that were asked for: clients send the same one again and again. May be asked on any thread; what it gives serves one.
/// </summary>
public sealed class GrammarCache(ServedModel model, int vocabularySize)
{
    private const int MaxGrammars = 16;
    private readonly Lock gate = new();
    private readonly LinkedList<(string Key, SegmentGrammar Grammar)> recent = [];

    /// <param name="tools">Tools that may be called instead of an answer.</param>
    /// <exception cref="SchemaException">No grammar can be made of the schema.</exception>
    public SegmentGrammar Find(string schema, ImmutableArray<string> tools)
    {
        string key = string.Join('\n', tools.Append(schema));
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
        var made = SegmentGrammar.Compile(schema, tools, model.Tokenizer, vocabularySize, model.EndTokens);
        lock (gate)
        {
            recent.AddFirst((key, made));
            if (recent.Count > MaxGrammars)
                recent.RemoveLast();
        }
        return made;
    }
}
