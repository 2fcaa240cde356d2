using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Torch.Tests;

/// <summary>The torch engine computes what the CPU engine computes, which has its golden files.</summary>
public sealed class ParityTests
{
    private static readonly BackendSettings Single = new() { Dtype = "fp32", DeviceBytes = 4 << 20, HostBytes = 1 << 20, MaxTokensPerStep = 128 };
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 40).Select(i => (i * 53 + 7) % 256)];

    public static TheoryData<string> Names() => [.. Families.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Logits_OfEveryPosition_AreThoseOfTheCpuEngine(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All[family]().WithRandomWeights(7).WriteDirectory(folder.Path));
        float[][] expected = await LogitsAsync(Engines.Cpu(model, Single)), actual = await LogitsAsync(Engines.Torch(model, Single));
        for (int row = 0; row < expected.Length; row++)
            Engines.AssertClose(expected[row], actual[row], Engines.SinglePrecision);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task GreedyTokens_AreThoseOfTheCpuEngine(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All[family]().WithRandomWeights(7).WriteDirectory(folder.Path));
        await using var cpu = Engines.Cpu(model, Single);
        await using var torch = Engines.Torch(model, Single);
        int[] blocks = [3, 1, 4, 15, 9, 2, 6, 5];
        var expected = await new StepDriver(cpu).GenerateAsync(new TestSequence(blocks), Prompt, 80);
        Assert.Equal(expected, await new StepDriver(torch).GenerateAsync(new TestSequence(blocks), Prompt, 80));
    }

    [Theory]
    [InlineData("bf16", TensorType.BF16)]
    [InlineData("bf16", TensorType.F32)]
    [InlineData("auto", TensorType.BF16)]
    public Task Logits_InBf16_AreCloseToThoseInSinglePrecision(string dtype, TensorType stored) => AssertCloseAsync(dtype, stored, 0.06);

    [HalfTheory]
    [InlineData("fp16", TensorType.F16)]
    [InlineData("auto", TensorType.F16)]
    public Task Logits_InFp16_AreCloseToThoseInSinglePrecision(string dtype, TensorType stored) => AssertCloseAsync(dtype, stored, 0.01);

    private static async Task AssertCloseAsync(string dtype, TensorType stored, double tolerance)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All["llama3"]().WithRandomWeights(7).WriteDirectory(folder.Path, stored));
        float[][] expected = await LogitsAsync(Engines.Cpu(model, Single)), actual = await LogitsAsync(Engines.Torch(model, Single with { Dtype = dtype }));
        for (int row = 0; row < expected.Length; row++)
            Engines.AssertClose(expected[row], actual[row], tolerance);
    }

    [Fact]
    public async Task Cache_ThatTheCpuEngineWrote_IsContinued()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All["qwen3"]().WithRandomWeights(7).WriteDirectory(folder.Path));
        await using var cpu = Engines.Cpu(model, Single);
        await using var torch = Engines.Torch(model, Single);
        var sequence = new TestSequence(5, 6, 7, 8);
        int[] first = await new StepDriver(cpu).GenerateAsync(sequence, Prompt, 3);
        byte[] chunk = await cpu.ExportBlocksAsync(sequence.Blocks, new KvSpan(0, sequence.Length), CancellationToken.None);
        int[] expected = await new StepDriver(cpu).GenerateAsync(sequence, [first[^1]], 9);

        var moved = new TestSequence(2, 0, 3, 1) { Length = Prompt.Length + 2 };
        await torch.ImportBlocksAsync(chunk, moved.Blocks, CancellationToken.None);
        Assert.Equal(chunk, await torch.ExportBlocksAsync(moved.Blocks, new KvSpan(0, moved.Length), CancellationToken.None));
        Assert.Equal(expected, await new StepDriver(torch).GenerateAsync(moved, [first[^1]], 9));
    }

    [Theory]
    [InlineData("llama3")] // whose library turns neighbours: rows of queries and keys change places
    [InlineData("gemma3")]
    public async Task GgufFile_IsReadAsTheCpuEngineReadsIt(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelLoader.Load(Families.All[family]().WithRandomWeights(7).WriteGguf(Path.Combine(folder.Path, family + ".gguf")));
        float[][] expected = await LogitsAsync(Engines.Cpu(model, Single)), actual = await LogitsAsync(Engines.Torch(model, Single));
        for (int row = 0; row < expected.Length; row++)
            Engines.AssertClose(expected[row], actual[row], Engines.SinglePrecision);
    }

    private static async Task<float[][]> LogitsAsync(IModelBackend backend)
    {
        await using (backend)
            return await new StepDriver(backend).RunAsync(new Part(new TestSequence(0, 1, 2), Prompt, AllRows: true));
    }
}
