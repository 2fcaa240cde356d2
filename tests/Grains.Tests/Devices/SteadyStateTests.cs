using Pharos.Grains.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Tests.Devices;

public sealed class SteadyStateTests
{
    [Theory]
    [InlineData(0f)]
    [InlineData(0.8f)]
    public async Task Decoding_iterations_allocate_nothing(float temperature)
    {
        // The runtime optimises in the background: what it has not reached on a busy machine may box what it will not later.
        var allocated = Allocated(temperature);
        for (var attempt = 0; allocated > 0 && attempt < 20; attempt++)
        {
            await Task.Delay(200);
            allocated = Allocated(temperature);
        }

        Assert.Equal(0, allocated);
    }

    private static long Allocated(float temperature)
    {
        var model = ServedModel.Open("spark");
        using var loop = new Loop(model, sequences: 12, temperature);
        loop.Run(until: 200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        loop.Run(until: 250); // lists of block ids double at 256 tokens
        var after = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(12, loop.Core.Running);
        Assert.True(loop.Core.Totals.GeneratedTokens >= 12 * 200);
        return after - before;
    }

    /// <summary>What the device loop does in an iteration, on this thread; the device answers at once.</summary>
    private sealed class Loop : IDisposable
    {
        private readonly SimulatedBackend backend;
        private readonly Dictionary<string, ServedSequence> sequences = [];
        private readonly Iteration iteration;
        private readonly ServedSequence first;

        public Loop(ServedModel model, int sequences, float temperature)
        {
            backend = new SimulatedBackend(new SimulatedBackendOptions { Model = model.Loaded.Shape, DeviceBlocks = 512, HostBlocks = 16, MinSegment = 400, MaxSegment = 500 });
            Core = new WorkerCore(
                new WorkerLimits(16, 512, 16, 512, 64, 256, CachedBlocks: 512), DeviceProfile.GptJ6bA100, RankingPolicies.Find("lamps"), PausePolicies.Find("lamps"));
            iteration = new Iteration(backend, Core, slot => this.sequences[slot.Request]);
            for (var i = 0; i < sequences; i++)
                Start(model, $"r{i}", temperature);
            first = this.sequences["r0"];
        }

        public WorkerCore Core { get; }

        public void Run(int until)
        {
            for (var now = 0.0; first.Tokens.Count < until; now += 0.01)
            {
                var plan = Core.Plan(now);
                iteration.Copy(plan);
                var done = iteration.ForwardAsync(plan, CancellationToken.None);
                Assert.True(done.IsCompleted);
                done.GetAwaiter().GetResult();
                iteration.Commit();
                var row = 0;
                foreach (var planned in plan.Batch)
                {
                    if (planned.Samples)
                        sequences[planned.Sequence.Request].Tokens.Add(iteration.Sample(row++, sequences[planned.Sequence.Request]));
                }
            }
        }

        public void Dispose()
        {
            iteration.Dispose();
            backend.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        private void Start(ServedModel model, string name, float temperature)
        {
            int[] prompt = [.. Enumerable.Range(1, 40).Select(i => i + 20 * sequences.Count)];
            var forecast = new SegmentForecast(Estimate.Exactly(300), 0, null, Estimate.Exactly(0), 0, Estimate.Exactly(300));
            var slot = Core.Admit(new SequenceStart(name, 1, 0, 0, prompt.Length, prompt.Length, forecast, [.. Enumerable.Range(0, 32).Select(block => new UInt128((ulong)sequences.Count, (ulong)block))]), 0);
            var options = new GenerationOptions(400, temperature, 1, 0, 7, []);
            sequences.Add(name, new ServedSequence(model, slot, new SequenceWork(name, 1, "gateway", [.. prompt], prompt.Length, 0, options, ToolUse.None, [], 0, forecast, 0, "tenant"), null));
        }
    }
}
