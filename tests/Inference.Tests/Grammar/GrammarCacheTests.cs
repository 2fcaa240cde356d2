using System.Collections.Immutable;
using Pharos.Inference.Grammar;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Tests.Grammar;

public sealed class GrammarCacheTests
{
    private static readonly ServedModel Model = ServedModel.Open("spark");

    [Fact]
    public void SchemasThatComeAgain_AreCompiledOnce()
    {
        var cache = Cache(64 << 20);
        var first = cache.Find(Rules(0));
        cache.Find(Rules(1));
        Assert.Same(first, cache.Find(Rules(0)));
        Assert.NotSame(first, cache.Find(Rules(0, "search")));
    }

    [Fact]
    public void Grammars_AreForgottenWhereTheyExceedTheBudget()
    {
        long one = Cache(64 << 20).Find(Rules(0)).Bytes;
        var cache = Cache(one * 5 / 2);
        for (int i = 0; i < 10; i++)
            cache.Find(Rules(i));
        Assert.Equal(2, cache.Count);

        // What is kept grows as it is used, and gives way at the next request.
        var last = cache.Find(Rules(9));
        var matcher = last.Begin();
        var logits = new float[Model.Loaded.Shape.VocabularySize];
        for (int i = 0; i < 100 && last.Bytes < one * 2; i++)
        {
            matcher.Mask(logits);
            matcher.Append(matcher.FirstAllowed);
        }
        Assert.InRange(last.Bytes, one * 2, long.MaxValue); // it remembers what it finds
        Assert.Same(last, cache.Find(Rules(9)));
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public void TheGrammarInUse_IsKeptHoweverLargeItIs()
    {
        var cache = Cache(1);
        Assert.Same(cache.Find(Rules(0)), cache.Find(Rules(0)));
        Assert.Equal(1, cache.Count);
    }

    private static GrammarCache Cache(long bytes) => new(Model, Model.Loaded.Shape.VocabularySize, bytes);

    private static SegmentRules Rules(int number, params ImmutableArray<string> tools) => SegmentRules.Of(
        new GenerationOptions(9, 0, 1, 0, 0, [], "{\"type\":\"object\",\"properties\":{\"field" + number + "\":{\"type\":\"string\"}},\"required\":[\"field" + number + "\"]}"), tools)!;
}
