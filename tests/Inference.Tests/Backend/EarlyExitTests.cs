using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Backend;

/// <summary>
/// Sequences that leave the model at different depths in one batch. What each row must say is known from the whole text at once: the logits after the first
/// exit that is sure enough, else those of the full model.
/// </summary>
public sealed class EarlyExitTests
{
    public static TheoryData<bool, WeightType, KvType, InstructionPath> Kinds()
    {
        var data = new TheoryData<bool, WeightType, KvType, InstructionPath>();
        foreach (var path in Enum.GetValues<InstructionPath>().Where(KernelSet.IsSupported))
            data.Add(path == KernelSet.Best.Path, WeightType.Bf16, KvType.Bf16, path);
        data.Add(false, WeightType.F32, KvType.F32, KernelSet.Best.Path);
        data.Add(true, WeightType.Int8, KvType.F32, KernelSet.Best.Path);
        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task AnyPlan_GivesTheBitsOfTheFirstSureExit(bool grouped, WeightType weights, KvType kv, InstructionPath path)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load((grouped ? ExitWorld.Grouped : ExitWorld.MultiHead).Write(folder.Path));
        var options = new CpuBackendOptions
        {
            WeightType = weights, KvType = kv, Instructions = path, DeviceBytes = 4 << 20, HostBytes = 1 << 20, WorkForThreads = 0, MaxTokensPerStep = 300, MaxSequences = 8,
            ExitWindow = 8,
        };
        CpuBackend[] backends = [.. new[] { 1, 3 }.Select(threads => CpuBackend.Create(model, options with { Threads = threads }))];
        try
        {
            Assert.Equal(ExitWorld.Exits, backends[0].Limits.ExitLayers);
            var expected = new ExitOracle(backends[0]);
            int early = 0, agreed = 0;
            Check.One(
                Config.QuickThrowOnFailure.WithMaxTest(8),
                Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
                {
                    var dice = new Random(seed);
                    var world = new ExitWorld(backends[dice.Next(backends.Length)], expected, dice, (one, other) => Assert.Equal(Bits(one), Bits(other)));
                    world.RunAsync().GetAwaiter().GetResult();
                    early += world.Early;
                    agreed += world.Audited;
                }));
            Assert.True(early > 100 && agreed > 10, $"{early} rows left early and {agreed} audits prove nothing.");
        }
        finally
        {
            foreach (var backend in backends)
                await backend.DisposeAsync();
        }
    }

    [Fact]
    public async Task AThresholdAboveOne_IsTheFullModelBitForBit()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(ExitWorld.MultiHead.Write(folder.Path));
        await using var plain = CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 1 << 20 });
        await using var leaving = CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 1 << 20, ExitWindow = 16 });
        var (first, second) = (new StepDriver(plain), new StepDriver(leaving));
        var (one, other) = (new TestSequence(0, 1, 2, 3), new TestSequence(0, 1, 2, 3));
        foreach (int token in ExitWorld.TextOf(0))
        {
            var expected = await first.RunAsync(new Part(one, [token]));
            var rows = await second.RunAsync(new Part(other, [token], Exit: new ExitRule(1.01f)));
            Assert.Equal(Bits(expected[0]), Bits(rows[0]));
            Assert.Equal(new ExitReport(5, 0, 0, null), second.Result.Exits[0]);
        }
    }

    [Fact]
    public async Task ADeficitThatCannotBe_IsRefused()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(ExitWorld.MultiHead.Write(folder.Path));
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 1 << 20, ExitWindow = 4 });
        var sequence = new TestSequence(0, 1) { Length = 5, Deficit = default(Deficit).Stopping(0).Stopping(0) };
        var error = await Assert.ThrowsAsync<ArgumentException>(() => new StepDriver(backend).RunAsync(new Part(sequence, [1])));
        Assert.Contains("2 tokens before position 5; only those of its window of 4", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuBackend.Create(model, new CpuBackendOptions { ExitWindow = 5 }));
    }

    private static int[] Bits(float[] row) => [.. row.Select(BitConverter.SingleToInt32Bits)];
}
