using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Loading.Gguf;
using Pharos.Inference.Sampling;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Models;

/// <summary>Every family, from both kinds of files, against what llama.cpp computed from the same weights (see Golden/README.md).</summary>
public sealed class FamilyGoldenTests
{
    private const int Seed = 7;
    private static readonly string GoldenFile = Path.Combine(Repository.Root, "tests", "Inference.Tests", "Golden", "families.json");
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40).Select(i => (i * 53 + 7) % 256)];
    private static readonly int[] Rows = [0, 9, 24, 39]; // the last two lie beyond the windows of those that have them

    public static TheoryData<string> Names() => [.. Families.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task DirectoryLogits_AreThoseOfLlamaCpp(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Make(family).WriteDirectory(folder.Path));
        await AssertGoldenAsync(family, model);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task GgufLogits_AreThoseOfLlamaCpp(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = GgufModel.Load(Make(family).WriteGguf(Path.Combine(folder.Path, family + ".gguf")));
        await AssertGoldenAsync(family, model);
    }

    /// <summary>Where the library is at hand: the golden figures are its own. With PHAROS_WRITE_GOLDENS=1 they are written anew.</summary>
    [LlamaReferenceTheory]
    [MemberData(nameof(Names))]
    public void Goldens_AreWhatTheLibraryComputes(string family)
    {
        using var folder = new TemporaryFolder();
        string path = Make(family).WriteGguf(Path.Combine(folder.Path, family + ".gguf"));
        float[][] logits = LlamaReference.Logits(path, Tokens, FamilyModel.Vocabulary, FamilyModel.MaxPositions);
        if (Environment.GetEnvironmentVariable("PHAROS_WRITE_GOLDENS") == "1")
            Write(family, logits);
        foreach (int row in Rows)
            AssertClose(Golden(family)[row], logits[row], 1e-5, $"{family}, position {row}");
    }

    /// <summary>Of a row's largest logit. The library looks GELU up in a table of fp16 values.</summary>
    private static double Tolerance(string family) => family.StartsWith("gemma", StringComparison.Ordinal) ? 2e-3 : 2e-5;

    private static FamilyModel Make(string family) => Families.All[family]().WithRandomWeights(Seed);

    private static async Task AssertGoldenAsync(string family, LoadedModel model)
    {
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { KvType = KvType.F32, WeightType = WeightType.F32, HostBytes = 0 });
        var golden = Golden(family);
        var logits = await new StepDriver(backend).RunAsync(new Part(new TestSequence(4, 2, 7), Tokens, AllRows: true));
        foreach (int row in Rows)
            AssertClose(golden[row], logits[row], Tolerance(family), $"{family}, position {row}");
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance, string where)
    {
        Assert.Equal(FamilyModel.Vocabulary, expected.Length);
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(MathF.Abs), worst = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= tolerance * scale, $"{where}: a logit differs by {worst:E2}; the row's largest is {scale:F2}.");
        Assert.Equal(Sampler.ArgMax(expected), Sampler.ArgMax(actual));
    }

    private static Dictionary<int, float[]> Golden(string family)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(GoldenFile));
        var rows = document.RootElement.GetProperty(family).EnumerateObject()
            .ToDictionary(row => int.Parse(row.Name), row => MemoryMarshal.Cast<byte, float>(row.Value.GetBytesFromBase64()).ToArray());
        Assert.Equal(Rows, rows.Keys);
        return rows;
    }

    private static void Write(string family, float[][] logits)
    {
        var all = File.Exists(GoldenFile) ? JsonNode.Parse(File.ReadAllText(GoldenFile))!.AsObject() : [];
        var rows = new JsonObject();
        foreach (int row in Rows)
            rows[row.ToString()] = Convert.ToBase64String(MemoryMarshal.AsBytes<float>(logits[row]));
        all[family] = rows;
        File.WriteAllText(GoldenFile, all.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
    }
}
