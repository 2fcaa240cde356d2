using Pharos.Grains.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Tests.Devices;

/// <summary>Rows of a large vocabulary, chosen by as many threads as the device lends.</summary>
public sealed class TokenChooserTests
{
    private const int Vocabulary = 40_000, Sequences = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Tokens_are_the_same_by_however_many_threads_they_are_chosen(int threads)
    {
        var model = ServedModel.Open("spark");
        var core = new WorkerCore(new WorkerLimits(16, 64, 0, 512, 64, 256), DeviceProfile.GptJ6bA100, RankingPolicies.Find("fcfs"), PausePolicies.Find("preserve"));
        var sequences = Enumerable.Range(0, Sequences).ToDictionary(i => $"r{i}", i => Start(model, core, i));
        var plan = core.Plan(1);
        Assert.Equal(Sequences, plan.Batch.Count);
        var step = new StepBatch();
        StepBuilder.Fill(step, plan, core, slot => sequences[slot.Request]);
        var result = new StepResult { Logits = Logits() };
        using var chooser = new TokenChooser(new Shape(threads));

        for (var again = 0; again < 5; again++)
        {
            chooser.ChooseAhead(result, step, plan, slot => sequences[slot.Request]);
            for (var row = 0; row < Sequences; row++)
            {
                var expected = new Sampler(Vocabulary).Sample(result.Logits.AsSpan(row * Vocabulary, Vocabulary), step.Sampling[row]);
                Assert.Equal(expected, chooser.Choose(result, row, step.Sampling[row], sequences[plan.Batch[row].Sequence.Request]));
            }

            result.Logits.AsSpan().Reverse(); // another step
        }
    }

    private static float[] Logits()
    {
        var random = new Random(4);
        return [.. Enumerable.Range(0, Sequences * Vocabulary).Select(_ => (float)(random.NextDouble() * 6))];
    }

    private static ServedSequence Start(ServedModel model, WorkerCore core, int number)
    {
        int[] prompt = [5, 6, 7 + number];
        var forecast = new SegmentForecast(Estimate.Exactly(20), 0, null, Estimate.Exactly(0), 0, Estimate.Exactly(20));
        var slot = core.Admit(new SequenceStart($"r{number}", 1, number, 0, prompt.Length, prompt.Length, forecast, null), 0);
        var options = new GenerationOptions(20, number % 4 == 0 ? 0 : 0.5f + number * 0.1f, number % 2 == 0 ? 0.9f : 1, number % 3 * 20, (ulong)number, []);
        return new ServedSequence(model, slot, new SequenceWork($"r{number}", 1, "gateway", [.. prompt], prompt.Length, 0, options, ToolUse.None, [], 0, forecast, 0, "tenant"), null);
    }

    /// <summary>A device that only says what it is.</summary>
    private sealed class Shape(int threads) : IModelBackend
    {
        public ModelShape Model { get; } = new("wide", "none", 1, 1, 1, 16, 16, Vocabulary, 512);

        public KvShape Kv { get; } = new(16, 64, 0, 1024);

        public BackendLimits Limits { get; } = new(512, 64, 256, IsBatchInvariant: true, SamplesTokens: false, CopiesBesideSteps: false, SamplingThreads: threads);

        public BlockTransfers Transfers => default;

        public ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct) => throw new InvalidOperationException("It computes nothing.");

        public void CopyBlocks(ReadOnlySpan<BlockCopy> copies) => throw new InvalidOperationException("It holds nothing.");

        public ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, KvSpan span, CancellationToken ct) => throw new InvalidOperationException("It holds nothing.");

        public ValueTask<KvSpan> ImportBlocksAsync(ReadOnlyMemory<byte> chunk, ReadOnlyMemory<int> blocks, CancellationToken ct) => throw new InvalidOperationException("It holds nothing.");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
