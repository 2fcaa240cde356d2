using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Loading.Gguf;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Models;

/// <summary>A GGUF file in any of its types is the model of the weights that its blocks stand for.</summary>
public sealed class QuantisedModelTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 20).Select(i => (i * 53 + 7) % 256)];

    [Theory]
    [InlineData(TensorType.F16, WeightType.F32)]
    [InlineData(TensorType.BF16, WeightType.F32)]
    [InlineData(TensorType.BF16, WeightType.Bf16)]
    public async Task Halves_AreReadExactly(TensorType stored, WeightType kept)
    {
        using var folder = new TemporaryFolder();
        var tiny = Families.All["qwen3"]().WithRandomWeights(11);
        foreach (var (name, (shape, values)) in tiny.Tensors.Where(t => t.Value.Shape.Length > 1).ToList())
            tiny.Tensors[name] = (shape, [.. values.Select(v => stored == TensorType.F16 ? (float)(Half)v : Bf16.Widen(Bf16.Round(v)))]);
        using var widened = ModelDirectory.Load(tiny.WriteDirectory(folder.Path));
        string path = tiny.WriteGguf(Path.Combine(folder.Path, "half.gguf"), values =>
            (stored == TensorType.F16 ? 1u : 30u, [.. values.SelectMany(v => SafetensorsWriter.Bytes(v, stored))]));
        using var halves = GgufModel.Load(path);
        Assert.Equal(stored, halves.StoredType);
        Assert.Equal(await LogitsAsync(widened, kept), await LogitsAsync(halves, kept));
    }

    [Fact]
    public async Task EightBitBlocks_AreTheirScaledIntegers()
    {
        using var folder = new TemporaryFolder();
        var tiny = new FamilyModel // widths that are whole blocks
        {
            Name = "blocks", ModelType = "qwen3", Class = "Qwen3ForCausalLM", Gguf = "qwen3", HeadDim = 32, HeadNorms = true, Tied = true, Intermediate = 96,
        }.WithRandomWeights(12);
        foreach (var (name, (shape, values)) in tiny.Tensors.Where(t => t.Value.Shape.Length > 1).ToList())
            tiny.Tensors[name] = (shape, Widen(Quantise(values)));
        using var widened = ModelDirectory.Load(tiny.WriteDirectory(folder.Path));
        using var quantised = GgufModel.Load(tiny.WriteGguf(Path.Combine(folder.Path, "q8.gguf"), values => (8u, Quantise(values))));
        Assert.Equal(TensorType.Q8_0, quantised.StoredType);
        Assert.Equal(await LogitsAsync(widened, WeightType.F32), await LogitsAsync(quantised, WeightType.F32));
    }

    /// <summary>Q8_0: blocks of an fp16 scale and 32 signed bytes. Quantising what it widened to gives the same blocks.</summary>
    private static byte[] Quantise(float[] values)
    {
        var bytes = new List<byte>();
        foreach (float[] block in values.Chunk(32))
        {
            var scale = (Half)(block.Max(MathF.Abs) / 127);
            bytes.AddRange(BitConverter.GetBytes(scale));
            bytes.AddRange(block.Select(v => (byte)(sbyte)Math.Clamp(MathF.Round(v / (float)scale), -127, 127)));
        }
        return [.. bytes];
    }

    private static float[] Widen(byte[] blocks) =>
        [.. blocks.Chunk(34).SelectMany(block => block.Skip(2).Select(q => (float)BitConverter.ToHalf(block, 0) * (sbyte)q))];

    private static async Task<float[]> LogitsAsync(LoadedModel model, WeightType kept)
    {
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { KvType = KvType.F32, WeightType = kept, HostBytes = 0 });
        return [.. (await new StepDriver(backend).RunAsync(new Part(new TestSequence(3, 1), Tokens, AllRows: true))).SelectMany(row => row)];
    }
}
