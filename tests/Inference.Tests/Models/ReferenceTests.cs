using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Models;

/// <summary>The engine against plain mathematics, on random models of every shape it serves.</summary>
public sealed class ReferenceTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40).Select(i => (i * 53 + 7) % 256)];

    public static TheoryData<string, InstructionPath> Shapes()
    {
        var data = new TheoryData<string, InstructionPath>();
        foreach (var path in Enum.GetValues<InstructionPath>().Where(KernelSet.IsSupported))
        {
            foreach (string shape in Models.Keys)
                data.Add(shape, path);
        }
        return data;
    }

    private static readonly Dictionary<string, TinyModel> Models = new()
    {
        ["grouped, untied, odd widths"] = new() { Tied = false },
        ["one head of keys"] = new() { Heads = 6, KvHeads = 1, HeadDim = 8, Hidden = 30, Intermediate = 50, Vocabulary = 300 },
        ["twelve heads a key"] = new() { Heads = 12, KvHeads = 1, HeadDim = 32, Hidden = 64 },
        ["whole vectors"] = new() { Heads = 4, KvHeads = 4, HeadDim = 64, Hidden = 64, Intermediate = 128, Vocabulary = 288 },
        ["a window"] = new() { Window = 11 },
        ["dynamic NTK, well past the trained length"] = new() { MaxPositions = 16, NtkFactor = 2.5, HeadDim = 16 },
        ["deeper than a slice"] = new() { Hidden = 416, HeadDim = 16, Intermediate = 800, Layers = 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Logits_AreThoseOfPlainMathematics(string shape, InstructionPath path)
    {
        var tiny = Models[shape].WithRandomWeights(1);
        await AssertLogitsAsync(tiny, new CpuBackendOptions { KvType = KvType.F32, WeightType = WeightType.F32, Instructions = path }, 1e-4);
    }

    [Theory]
    [InlineData(TensorType.F16, 1e-4)]
    [InlineData(TensorType.BF16, 1e-4)]
    public async Task StoredHalves_AreReadExactly(TensorType stored, double tolerance) =>
        await AssertLogitsAsync(new TinyModel { Stored = stored }.WithRandomWeights(2), new CpuBackendOptions { KvType = KvType.F32 }, tolerance);

    [Fact]
    public async Task Bf16Everywhere_StaysClose() =>
        await AssertLogitsAsync(
            new TinyModel().WithRandomWeights(3), new CpuBackendOptions { KvType = KvType.Bf16, WeightType = WeightType.Bf16 }, 0.1);

    [Fact]
    public async Task Int8Weights_StayClose() =>
        await AssertLogitsAsync(new TinyModel().WithRandomWeights(3), new CpuBackendOptions { KvType = KvType.F32, WeightType = WeightType.Int8 }, 0.05);

    [Fact]
    public async Task Shards_AreOneModel()
    {
        var tiny = new TinyModel().WithRandomWeights(4);
        using var single = new TemporaryFolder();
        using var sharded = new TemporaryFolder();
        using var a = ModelDirectory.Load(tiny.Write(single.Path));
        using var b = ModelDirectory.Load(tiny.Write(sharded.Path, shards: 3));
        Assert.Equal(
            (await LogitsAsync(a, new CpuBackendOptions())).SelectMany(r => r),
            (await LogitsAsync(b, new CpuBackendOptions())).SelectMany(r => r));
    }

    [Fact]
    public async Task AnyNumberOfThreads_GivesTheSameBits()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel { Heads = 8, HeadDim = 16 }.WithRandomWeights(6).Write(folder.Path));
        var one = await LogitsAsync(model, new CpuBackendOptions { Threads = 1 });
        foreach (int threads in (int[])[2, 3, 5])
        {
            var several = await LogitsAsync(model, new CpuBackendOptions { Threads = threads, WorkForThreads = 0 });
            Assert.Equal(one.SelectMany(r => r), several.SelectMany(r => r));
        }
    }

    [Fact]
    public async Task SteadyState_AllocatesNothing()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel().WithRandomWeights(7).Write(folder.Path));
        await using var backend = CpuBackend.Create(model);
        var batch = new StepBatch();
        batch.Reset(1, 1, 1);
        (batch.TokenCount, batch.SequenceCount, batch.LogitRowCount, batch.ContextLengths[0], batch.QueryStart[1]) = (1, 1, 1, 1, 1);
        var result = new StepResult();
        result.Reserve(1, backend.Model.VocabularySize, logits: true);
        backend.Transformer.Forward(batch, result, backend.Model.Layers);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            StepValidation.RequireValid(batch, backend.Model, backend.Kv, backend.Limits);
            backend.Transformer.Forward(batch, result, backend.Model.Layers);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    internal static async Task AssertLogitsAsync(TinyModel tiny, CpuBackendOptions options, double tolerance)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(tiny.Write(folder.Path));
        var actual = await LogitsAsync(model, options);
        double[][] expected = ReferenceLlama.Logits(tiny, Tokens);
        double scale = expected.Max(row => row.Max(Math.Abs));
        for (int row = 0; row < Tokens.Length; row++)
        {
            double worst = expected[row].Zip(actual[row], (e, a) => Math.Abs(e - a)).Max();
            Assert.True(worst <= tolerance * scale, $"Row {row}: a logit differs by {worst:E2}; the largest is {scale:F2}.");
        }
    }

    private static async Task<float[][]> LogitsAsync(LoadedModel model, CpuBackendOptions options)
    {
        await using var backend = CpuBackend.Create(model, options);
        return await new StepDriver(backend).RunAsync(new Part(new TestSequence(3, 1, 2), Tokens, AllRows: true));
    }
}
