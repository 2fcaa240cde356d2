using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Serving;

namespace Pharos.Inference.Tests.Serving;

public sealed class ModelFamilyTests
{
    private static readonly ServedModel Spark = ServedModel.Open("spark");

    [Fact]
    public async Task The_first_layers_alone_say_what_an_exit_there_says_in_less_memory()
    {
        var family = ModelFamily.Of(Spark, ["spark@2", "spark@4"]);
        Assert.Equal(["spark", "spark@2", "spark@4"], family.Candidates.Select(one => one.Name));
        Assert.Empty(family.Find("spark@2").Loaded.Architecture.EarlyExitLayers);
        var options = new CpuBackendOptions { Threads = 1, HostBytes = 0, DeviceBytes = 4 << 20, KvType = KvType.F32 };
        await using var whole = CpuBackend.Create(Spark.Loaded, options with { ExitWindow = 16 });
        int[] text = [.. Spark.Encode(Spark.Format.Render([Chat.ChatMessage.User("What is the weather in Oslo?")], []))];
        foreach (var depth in (int[])[2, 4])
        {
            await using var shallow = CpuBackend.Create(family.Find($"spark@{depth}").Loaded, options);
            Assert.Equal(await RowAsync(whole, text, exit: depth), await RowAsync(shallow, text, exit: null));
            Assert.Equal(whole.Kv.BytesPerBlock * depth / 6, shallow.Kv.BytesPerBlock);
            Assert.Equal(6 * whole.Kv.DeviceBlocks / depth, shallow.Kv.DeviceBlocks, tolerance: 6);
            Assert.True(shallow.WeightBytes < whole.WeightBytes * (depth + 1) / 6);
            Assert.InRange((double)CpuBackend.WeightBytesOf(family.Find($"spark@{depth}").Loaded) / shallow.WeightBytes, 0.9, 1.1);
            Assert.NotEqual(whole.Model.Fingerprint, shallow.Model.Fingerprint);
        }
    }

    [Fact]
    public void The_embedded_models_are_a_family_of_four_candidates_in_which_the_small_one_is_not_part_of_the_large()
    {
        var family = ModelFamily.Of(ServedModel.Open("flame"), ["spark", "flame@8", "flame@4"]);
        Assert.Equal([("flame", 12, false), ("spark", 6, false), ("flame@8", 8, true), ("flame@4", 4, true)],
            family.Candidates.Select(one => (one.Name, one.Loaded.Shape.Layers, one.Loaded.IsPart)));
        Assert.Contains("is larger than spark", Assert.Throws<ModelLoadException>(() => ModelFamily.Of(Spark, ["flame"])).Message);
    }

    [Theory]
    [InlineData("spark@3", "cannot be left after 3 layers")]
    [InlineData("spark@6", "named twice")]
    [InlineData("spark", "named twice")]
    public void What_cannot_be_a_candidate_is_refused_in_one_sentence(string candidate, string because) =>
        Assert.Contains(because, Assert.Throws<ModelLoadException>(() => ModelFamily.Of(Spark, [candidate])).Message);

    [Fact]
    public void A_model_of_other_tokens_is_no_candidate()
    {
        using var folder = new Support.TemporaryFolder();
        var tiny = new Support.TinyModel().WithRandomWeights(1).Write(folder.Path);
        using var other = ModelLoader.Load(tiny);
        Assert.NotEqual(Spark.Loaded.Shape.VocabularySize, other.Shape.VocabularySize);
        Assert.ThrowsAny<ModelLoadException>(() => ModelFamily.Of(Spark, [tiny]));
    }

    // Of the last token: fed behind the others, as a decode, for only that may stop at an exit.
    private static async Task<float[]> RowAsync(CpuBackend backend, int[] text, int? exit)
    {
        var (batch, result) = (new StepBatch(), new StepResult());
        foreach (var (first, count) in ((int, int)[])[(0, text.Length - 1), (text.Length - 1, 1)])
        {
            var blocks = (text.Length + 15) / 16;
            batch.Reset(count, 1, blocks);
            (batch.TokenCount, batch.SequenceCount, batch.QueryStart[1], batch.ContextLengths[0]) = (count, 1, count, first + count);
            for (var i = 0; i < blocks; i++)
                batch.BlockTables[i] = i;
            for (var i = 0; i < count; i++)
                (batch.TokenIds[i], batch.Positions[i], batch.SlotMapping[i]) = (text[first + i], first + i, first + i);
            batch.LogitRows[batch.LogitRowCount++] = count - 1;
            if (exit is not null && count == 1)
                batch.Exits[0] = new ExitRule(0); // the first exit is sure enough of anything
            result.Reserve(1, backend.Model.VocabularySize, logits: true);
            await backend.ForwardAsync(batch, result, CancellationToken.None);
            if (exit == 4 && count == 1)
                return await DeeperAsync(backend, batch, result);
        }
        return [.. result.Logits.AsSpan(0, backend.Model.VocabularySize)];
    }

    // The exit after 4 layers speaks where that after 2 is not sure: a threshold between their confidences, if there is one.
    private static async Task<float[]> DeeperAsync(CpuBackend backend, StepBatch batch, StepResult result)
    {
        var first = result.Exits[0].Confidence;
        batch.Deficits[0] = default;
        batch.Exits[0] = new ExitRule(MathF.BitIncrement(first));
        await backend.ForwardAsync(batch, result, CancellationToken.None);
        Assert.Equal(4, result.Exits[0].Depth);
        return [.. result.Logits.AsSpan(0, backend.Model.VocabularySize)];
    }
}
