using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Pool;

/// <summary>Beyond what its devices can do, a pool says so on arrival.</summary>
public sealed class SheddingTests
{
    [Fact]
    public void Large_new_request_is_refused_with_the_wait_it_would_have_and_a_small_one_is_not()
    {
        var pool = Overloaded(sheds: true, devices: 1);
        var refused = pool.Enqueue(Request("large", 100, Large));
        Assert.Equal(EnqueueKind.Refused, refused.Kind);
        Assert.Matches(@"load \d+\.\d\d.* would wait for about \d+ s", refused.Because);
        Assert.Equal(EnqueueKind.Queued, pool.Enqueue(Request("small", 100, Small)).Kind);
    }

    [Fact]
    public void Unless_told_to_shed_it_queues_everybody_and_tells_the_wait_when_asked()
    {
        var pool = Overloaded(sheds: false, devices: 1);
        Assert.Equal(EnqueueKind.Queued, pool.Enqueue(Request("large", 100, Large)).Kind);
        Assert.Contains("expected to wait for", pool.Explain("large")!.Value.Because);
    }

    [Fact]
    public void The_same_arrivals_are_no_overload_for_many_devices() =>
        Assert.Equal(EnqueueKind.Queued, Overloaded(sheds: true, devices: 1000).Enqueue(Request("large", 100, Large)).Kind);

    [Fact]
    public void A_request_that_was_let_in_is_never_refused_at_its_return()
    {
        var pool = Overloaded(sheds: true, devices: 1);
        Assert.Equal(EnqueueKind.Queued, pool.Enqueue(Request("large", 100, Large) with { Segment = 1, Epoch = 2 }).Kind);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(999, false)] // it waited for its tool, not for us
    public void Who_waited_for_long_goes_first_unless_its_tools_took_the_time(double toolSeconds, bool goesFirst)
    {
        var pool = new PoolCore(new PoolLimits(), DeviceProfile.GptJ6bA100, new PharosBoundedRanking(), new PredictionPriors());
        pool.Report(Full("w0"), 1000);
        pool.Enqueue(Request("back", 0, Small) with { EnqueuedAt = 1000, Segment = 1, Epoch = 2, ToolSeconds = toolSeconds });
        Assert.Equal(goesFirst, pool.Explain("back")!.Value.Because.Contains("goes first", StringComparison.Ordinal));
    }

    [Fact]
    public void Policy_switched_in_knows_the_large_ones_that_wait_and_how_long_they_have()
    {
        var pool = new PoolCore(new PoolLimits(), DeviceProfile.GptJ6bA100, new FcfsRanking(), new PredictionPriors());
        pool.Report(Full("w0"), 0);
        for (var i = 0; i < 100; i++)
            pool.Enqueue(Request($"r{i}", i / 10.0, i % 4 == 0 ? Large : Small));
        Assert.Null(pool.Promise);
        pool.Ranking = new PharosBoundedRanking();
        pool.Dispatch(20);
        Assert.Equal(9.9, pool.Promise!.WithdrawnAt!.Value, 6); // nothing is promised to them
        Assert.Equal(PromiseMode.Promise, pool.Promise.Mode);
        Assert.Contains("expected to wait for", pool.Explain("r96")!.Value.Because);
        Assert.DoesNotContain("expected to wait for 0.0 s", pool.Explain("r96")!.Value.Because);
    }

    private const int Small = 20, Large = 900;

    // Ten requests a second for a hundred seconds, every fourth a large one, at devices that hold one large context each and are full.
    private static PoolCore Overloaded(bool sheds, int devices)
    {
        var promise = new BoundedOptions(DelaySeconds: 5, Sheds: sheds);
        var pool = new PoolCore(new PoolLimits(), DeviceProfile.GptJ6bA100, new PharosBoundedRanking(promise), new PredictionPriors());
        for (var device = 0; device < devices; device++)
            pool.Report(Full($"w{device:D4}"), 0);
        for (var i = 0; i < 1000; i++)
        {
            pool.Enqueue(Request($"r{i}", i / 10.0, i % 4 == 0 ? Large : Small)); // once it knows its load it may refuse some
            Assert.Empty(pool.Dispatch(i / 10.0));
        }

        return pool;
    }

    private static WorkerSnapshot Full(string worker) => new(
        worker, "silo", "cpu0", "spark", 1, 1, WorkerState.Active, new KvUse(10, 1, 100, 0, 0, 0, 0), 8, 100_000, 0.01, 100,
        [], new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100);

    private static RequestDescriptor Request(string name, double arrivedAt, int tokens) =>
        new(name, 1, "tenant", 0, arrivedAt, arrivedAt, 0, tokens, 100, null, 0, ToolUse.Server);
}
