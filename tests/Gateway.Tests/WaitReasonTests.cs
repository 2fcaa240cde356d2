using Pharos.Gateway.Admin;
using Pharos.Grains;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Tests;

public sealed class WaitReasonTests
{
    [Fact]
    public void Queued_request_is_told_its_place_its_rank_and_what_room_there_is()
    {
        var request = Request("queued") with { Rank = new RankDescription("pharos", 12, 3, "40 token-seconds left") };
        var why = WaitReason.Of(request, Pool(SequencePhase.Running), 100);
        Assert.Equal("3 requests go before it. Order by pharos: 40 token-seconds left. m/s/0 has 80 of 160 KV tokens free and 1 sequences.", why);
        Assert.StartsWith("It is next.", WaitReason.Of(request with { Rank = request.Rank with { Position = 0 } }, null, 100));
        Assert.EndsWith("No worker takes requests now.", WaitReason.Of(request, Pool(SequencePhase.Running, WorkerState.Cordoned), 100));
    }

    [Fact]
    public void Request_in_line_on_a_worker_is_told_that_workers_room_and_a_running_one_waits_for_nothing()
    {
        Assert.Equal(
            "It is in line on m/s/0, which has 80 of 160 KV tokens free and runs 0 of at most 8 sequences; its context is 33 tokens.",
            WaitReason.Of(Request("running"), Pool(SequencePhase.Waiting), 100));
        Assert.Null(WaitReason.Of(Request("running"), Pool(SequencePhase.Running), 100));
        Assert.Null(WaitReason.Of(Request("running"), null, 100));
        Assert.Null(WaitReason.Of(Request("finished"), null, 100));
    }

    [Fact]
    public void Parked_request_is_told_for_what_since_when_and_at_which_price()
    {
        var request = Request("parked") with
        {
            Timeline = [new TimelineEntry(2, "paused for get_weather", "m/s/0", 33)],
            Receipts = [new PauseReceipt("call", "get_weather", 2, 0.4, 1.9, 33, new PausePrices(165, 3, 61), PauseAction.Preserve, "pressure", null, 0, [])],
        };
        Assert.Equal(
            "It waits for its client to bring the result of get_weather, 3.0 s so far. Expected: 0.4 s in half of the calls, 1.9 s in nine of ten. Its cache of 33 tokens stays on the device; "
            + "at the call, keeping it was priced at 165 token-seconds, swapping at 3, computing again at 61.",
            WaitReason.Of(request, null, 95));
        var revised = request with { State = "calling_tools", Receipts = [request.Receipts[0] with { Revisions = [new PauseRevision(3, PauseAction.Discard, "memory was needed")] }] };
        Assert.Contains("It waits for get_weather", WaitReason.Of(revised, null, 95));
        Assert.Contains("was dropped and is computed again", WaitReason.Of(revised, null, 95));
    }

    private static RequestDescription Request(string state) => new("r", "m", "t", state, "m/s/0", null, [], [], RequestUsage.None, ArrivalAt: 90);

    private static PoolDescription Pool(SequencePhase phase, WorkerState state = WorkerState.Active) => new(
        "m", 1,
        [
            new WorkerSnapshot(
                "m/s/0", "s", "cpu:0", "m", 1, 1, state, new KvUse(16, 1, 10, 5, 0, 0, 0), 8, 1000, 0, 0, [new HeldSequence("r", 1, phase, 33, 0, 0)],
                new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100),
        ],
        [], "pharos", "pharos");
}
