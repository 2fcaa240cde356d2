using System.Text.Json;
using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Sampling;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Models;

/// <summary>The embedded models against what their training framework computed from the same weights (golden.json).</summary>
public sealed class GoldenModelTests
{
    private const double RelativeTolerance = 1e-4;

    [Theory]
    [InlineData("spark")]
    [InlineData("flame")]
    public async Task Logits_AreThoseOfTheTrainingFramework(string name)
    {
        using var model = ModelDirectory.Load(Repository.Embedded(name));
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { KvType = KvType.F32, HostBytes = 0 });
        var driver = new StepDriver(backend);
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Embedded(name), "golden.json")));
        foreach (var example in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            int[] tokens = [.. Ids(example, "prompt_ids"), .. Ids(example, "greedy_ids")[..^1]];
            var rows = await driver.RunAsync(new Part(Sequence(backend), tokens, AllRows: true));
            foreach (var expected in example.GetProperty("logits").EnumerateArray())
                AssertClose(expected, rows[expected.GetProperty("position").GetInt32()]);
        }
    }

    [Theory]
    [InlineData("spark", KvType.F32)]
    [InlineData("spark", KvType.Bf16)]
    [InlineData("flame", KvType.F32)]
    [InlineData("flame", KvType.Bf16)]
    public async Task GreedyTokens_AreThoseOfTheTrainingFramework(string name, KvType kv)
    {
        using var model = ModelDirectory.Load(Repository.Embedded(name));
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { KvType = kv, HostBytes = 0 });
        var driver = new StepDriver(backend);
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Embedded(name), "golden.json")));
        foreach (var example in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string prompt = example.GetProperty("prompt").GetString()!;
            int[] ids = [.. model.Tokenizer.Encode(prompt, parseSpecial: true)];
            Assert.Equal(Ids(example, "prompt_ids"), ids);
            int[] expected = Ids(example, "greedy_ids");
            Assert.Equal(expected, await driver.GenerateAsync(Sequence(backend), ids, expected.Length));
            Assert.Equal(example.GetProperty("greedy_text").GetString(), model.Tokenizer.Decode(expected));
        }
    }

    [Theory]
    [InlineData("spark", new[] { 2, 4 })]
    [InlineData("flame", new[] { 4, 8 })]
    public async Task EarlyExits_AreThoseOfTheTrainingFramework(string name, int[] depths)
    {
        using var model = ModelDirectory.Load(Repository.Embedded(name));
        Assert.Equal(depths, model.Architecture.EarlyExitLayers);
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { KvType = KvType.F32, HostBytes = 0 });
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Embedded(name), "golden.json")));
        var example = golden.RootElement.GetProperty("cases")[0];
        foreach (int depth in model.Architecture.EarlyExitLayers)
        {
            var exit = example.GetProperty("exits").GetProperty(depth.ToString());
            int[] expected = Ids(exit, "greedy_ids");
            int[] tokens = [.. Ids(example, "prompt_ids"), .. expected[..^1]];
            var logits = StepDriver.RunDirectly(backend, Sequence(backend), tokens, depth);
            int prompt = tokens.Length - expected.Length + 1;
            Assert.Equal(expected, Enumerable.Range(prompt - 1, expected.Length).Select(i => Sampler.ArgMax(logits[i])));
            foreach (var row in exit.GetProperty("logits").EnumerateArray())
                AssertClose(row, logits[row.GetProperty("position").GetInt32()]);
        }
    }

    private static TestSequence Sequence(CpuBackend backend) =>
        new([.. Enumerable.Range(0, backend.Model.MaxPositions / backend.Kv.BlockSize)]);

    private static int[] Ids(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(v => v.GetInt32())];

    private static void AssertClose(JsonElement expected, float[] actual)
    {
        double[] values = [.. expected.GetProperty("values").EnumerateArray().Select(v => v.GetDouble())];
        double scale = values.Max(Math.Abs);
        Assert.Equal(values.Length, actual.Length);
        double worst = values.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= RelativeTolerance * scale, $"A logit differs by {worst:E2}; the row's largest is {scale:F2}.");
    }
}
