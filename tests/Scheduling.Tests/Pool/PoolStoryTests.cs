using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Pool;

public sealed class PoolStoryTests
{
    private readonly PoolCore pool = new(new PoolLimits(MaxQueued: 5), DeviceProfile.GptJ6bA100, new FcfsRanking(), new PredictionPriors());
    private long report;

    [Fact]
    public void Requests_get_their_turns_in_order_of_rank_on_the_worker_with_most_room()
    {
        Report("a", free: 50);
        Report("b", free: 90);
        pool.Enqueue(Request("late", arrivedAt: 2));
        Assert.Equal(0, pool.Enqueue(Request("early", arrivedAt: 1)).Ahead);
        Assert.Equal(2, pool.Enqueue(Request("last", arrivedAt: 3)).Ahead);
        Assert.Equal(["early", "late", "last"], pool.Dispatch(0).Select(placement => placement.Request));
        Assert.All(pool.Dispatch(0), placement => Assert.Fail(placement.Request));
        Assert.Equal(0, pool.WaitingCount);
    }

    [Fact]
    public void Enqueue_is_idempotent_and_an_older_epoch_never_replaces_a_newer()
    {
        pool.Enqueue(Request("r", epoch: 2));
        Assert.Equal(EnqueueKind.Queued, pool.Enqueue(Request("r", epoch: 2)).Kind);
        pool.Enqueue(Request("r", epoch: 1));
        Assert.Equal(1, pool.WaitingCount);
        Report("a");
        Assert.Equal(2, Assert.Single(pool.Dispatch(0)).Epoch);
        pool.Enqueue(Request("r", epoch: 2)); // asks again before it has heard of its turn
        pool.Enqueue(Request("r", epoch: 1));
        Assert.Empty(pool.Dispatch(0));
    }

    [Fact]
    public void Newer_epoch_takes_the_place_of_the_older_one_wherever_that_is()
    {
        Report("a", free: 10);
        pool.Enqueue(Request("r", epoch: 1, tokens: 90));
        Assert.Single(pool.Dispatch(0));
        pool.Enqueue(Request("r", epoch: 2, tokens: 90)); // the worker refused: what was promised is free again
        Assert.Equal(2, Assert.Single(pool.Dispatch(0)).Epoch);
    }

    [Fact]
    public void Returning_request_goes_to_its_holder_and_first()
    {
        Report("a", free: 2, parked: 8);
        Report("b", free: 90);
        pool.Enqueue(Request("new", arrivedAt: 0));
        pool.Enqueue(Request("back", arrivedAt: 5) with { Holder = "a", HeldTokens = 60 });
        Assert.Equal([("back", "a"), ("new", "b")], pool.Dispatch(0).Select(placement => (placement.Request, placement.Worker)));
    }

    [Fact]
    public void Placement_says_why_it_went_there()
    {
        Report("a", free: 2, parked: 8, held: new HeldSequence("back", 1, SequencePhase.Parked, 60, 40, 20));
        Report("b", free: 90);
        pool.Enqueue(Request("back", epoch: 2, tokens: 65) with { Holder = "a", HeldTokens = 40 });
        var route = Assert.Single(pool.Dispatch(0)).Route;
        Assert.Equal(("a", "a", 60), (route.Worker, route.Owner, route.CachedTokens));
        Assert.StartsWith("memory-time: back to its cache of 60 tokens on a", route.Because, StringComparison.Ordinal);
        pool.Enqueue(Request("new"));
        Assert.Contains("no worker has its cache", Assert.Single(pool.Dispatch(0)).Route.Because, StringComparison.Ordinal);
    }

    [Fact]
    public void Worker_that_reports_what_is_left_of_a_cache_is_believed()
    {
        Report("a", free: 90, held: new HeldSequence("back", 1, SequencePhase.Parked, 60, 0, 20));
        pool.Enqueue(Request("back", epoch: 2, tokens: 65) with { Holder = "a", HeldTokens = 60 }); // has not heard of it yet
        Assert.Equal(20, Assert.Single(pool.Dispatch(0)).Route.CachedTokens);
    }

    [Fact]
    public void Draining_worker_takes_nothing_and_its_returns_go_elsewhere()
    {
        Report("a", state: WorkerState.Draining);
        pool.Enqueue(Request("back") with { Holder = "a", HeldTokens = 60 });
        Assert.Empty(pool.Dispatch(0));
        Report("b", free: 90);
        Assert.Equal("b", Assert.Single(pool.Dispatch(0)).Worker);
    }

    [Fact]
    public void First_that_fits_nowhere_ends_the_round()
    {
        Report("a", free: 10);
        pool.Enqueue(Request("large", arrivedAt: 0, tokens: 300));
        pool.Enqueue(Request("small", arrivedAt: 1));
        Assert.Empty(pool.Dispatch(0));
        Report("a", free: 90);
        Assert.Equal(["large", "small"], pool.Dispatch(0).Select(placement => placement.Request));
    }

    [Fact]
    public void Memory_promised_on_the_way_is_not_promised_twice()
    {
        Report("a", free: 10);
        pool.Enqueue(Request("one", tokens: 90));
        pool.Enqueue(Request("two", tokens: 90));
        Assert.Single(pool.Dispatch(0));
        Report("a", free: 10, held: new HeldSequence("one", 1, SequencePhase.Waiting, 90, 0, 0)); // has come, has nothing yet
        Assert.Empty(pool.Dispatch(0));
        Report("a", free: 10);
        Assert.Single(pool.Dispatch(0));
    }

    [Fact]
    public void Request_that_ended_between_two_reports_frees_its_promise()
    {
        Report("a", free: 10);
        pool.Enqueue(Request("brief", tokens: 90));
        pool.Dispatch(0);
        pool.Enqueue(Request("next", tokens: 90));
        Assert.Empty(pool.Dispatch(0));
        pool.Learn(new SegmentOutcome("brief", 0, 90, 3, [], Ended: true));
        Assert.Single(pool.Dispatch(0));
    }

    [Fact]
    public void Turn_that_never_arrived_is_asked_for_again_after_a_while()
    {
        Report("a", now: 0);
        pool.Enqueue(Request("r"));
        pool.Dispatch(0);
        Report("a", now: 2);
        pool.Enqueue(Request("r"));
        Assert.Empty(pool.Dispatch(2));
        Report("a", now: 4);
        pool.Enqueue(Request("r"));
        Assert.Single(pool.Dispatch(4));
    }

    [Fact]
    public void Silent_worker_gets_nothing_and_is_expired_with_all_it_had()
    {
        Report("a", now: 0, held: new HeldSequence("runs", 3, SequencePhase.Running, 90, 90, 0));
        pool.Enqueue(Request("coming"));
        pool.Dispatch(1);
        pool.Enqueue(Request("new"));
        Assert.Empty(pool.Dispatch(5));
        Assert.Empty(pool.Expire(9));

        Assert.Equal([("runs", 3), ("coming", 1)], pool.Expire(11).Select(lost => (lost.Request, lost.Epoch)));
        Assert.Empty(pool.Expire(12));
        Assert.Empty(pool.Workers);
    }

    [Fact]
    public void Turn_on_a_worker_whose_last_report_has_an_older_epoch_is_lost_under_its_own()
    {
        Report("a", now: 0, held: new HeldSequence("back", 1, SequencePhase.Running, 90, 90, 0)); // it has parked since
        pool.Enqueue(Request("back", epoch: 2));
        Assert.Single(pool.Dispatch(0));
        Assert.Equal(("back", 2), pool.Expire(11).Select(lost => (lost.Request, lost.Epoch)).Single());
    }

    [Fact]
    public void Unreachable_worker_is_suspect_until_it_reports()
    {
        Report("a", now: 0, held: new HeldSequence("runs", 3, SequencePhase.Running, 90, 90, 0));
        pool.Remove("a");
        pool.Enqueue(Request("new"));
        Assert.Empty(pool.Dispatch(0));
        Assert.Empty(pool.Workers);
        Report("a", now: 1);
        Assert.Single(pool.Dispatch(1));
    }

    [Fact]
    public void Device_opened_anew_has_lost_what_it_ran()
    {
        Report("a", held: new HeldSequence("runs", 3, SequencePhase.Running, 90, 90, 0));
        Report("a", incarnation: 2);
        Assert.Equal(("runs", 3), pool.Expire(1).Select(lost => (lost.Request, lost.Epoch)).Single());
        Report("a", incarnation: 1, held: new HeldSequence("runs", 3, SequencePhase.Running, 90, 90, 0)); // overtaken
        Assert.Equal(2, Assert.Single(pool.Workers).Incarnation);
        Assert.Empty(pool.Workers[0].Sequences);
    }

    [Fact]
    public void Stale_report_is_ignored()
    {
        Report("a", free: 10);
        report -= 5;
        Report("a", free: 99);
        Assert.Equal(10, pool.Workers[0].Kv.DeviceFree);
    }

    [Fact]
    public void Scheduler_that_lost_its_memory_does_not_queue_what_a_worker_holds()
    {
        Report("a", held: new HeldSequence("r", 4, SequencePhase.Running, 90, 90, 0));
        pool.Enqueue(Request("r", epoch: 4));
        Assert.Equal(0, pool.WaitingCount);
        pool.Enqueue(Request("r", epoch: 5));
        Assert.Equal(1, pool.WaitingCount);
        pool.Withdraw("r");
        Report("a", held: new HeldSequence("r", 5, SequencePhase.Parked, 90, 90, 0));
        pool.Enqueue(Request("r", epoch: 5)); // parked is not running: it asks for its return
        Assert.Equal(1, pool.WaitingCount);
    }

    [Fact]
    public void Full_queue_and_impossible_context_are_refused_with_the_reason()
    {
        for (var i = 0; i < 5; i++)
            pool.Enqueue(Request($"r{i}"));
        Assert.Contains("the most this pool takes is 5", pool.Enqueue(Request("one more")).Because);
        Assert.Equal(EnqueueKind.Queued, pool.Enqueue(Request("r0", epoch: 2)).Kind); // it is in already
        pool.Withdraw("r1");
        Report("a");
        Assert.Contains("1000 tokens fits no worker; the largest holds 999", pool.Enqueue(Request("huge", tokens: 1000)).Because);
    }

    [Fact]
    public void Place_in_the_queue_is_explained_and_follows_the_policy()
    {
        pool.Enqueue(Request("long", arrivedAt: 1, tokens: 900));
        pool.Enqueue(Request("brief", arrivedAt: 2));
        var (score, position, because) = pool.Explain("brief")!.Value;
        Assert.Equal((2.0, 1, "in order of arrival; no worker has reported yet"), (score, position, because));
        pool.Ranking = new LampsRanking();
        Assert.Equal(0, pool.Explain("brief")!.Value.Position);
        Assert.Null(pool.Explain("nobody"));
        pool.Enqueue(Request("urgent", arrivedAt: 9, tokens: 900) with { Priority = -1 });
        Assert.Equal(0, pool.Explain("urgent")!.Value.Position);
        Assert.Contains("its priority is 0, and others of a lower one, which is sooner, wait", pool.Explain("brief")!.Value.Because);
    }

    [Fact]
    public void Any_order_of_events_never_places_an_epoch_twice_or_loses_a_request()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var dice = new Random(seed);
            var core = new PoolCore(new PoolLimits(), DeviceProfile.GptJ6bA100, RankingPolicies.Find(seed % 2 == 0 ? "fcfs" : "lamps"), new PredictionPriors());
            var placed = new HashSet<(string, int)>();
            var asked = new HashSet<string>();
            for (var step = 0; step < 200; step++)
            {
                var name = $"r{dice.Next(30)}";
                if (dice.Next(2) == 0)
                {
                    core.Enqueue(Request(name, arrivedAt: dice.Next(100), tokens: dice.Next(1, 900)));
                    asked.Add(name);
                }

                if (dice.Next(3) == 0)
                    core.Report(Snapshot($"w{dice.Next(3)}", free: dice.Next(100), report: step + 1), 0);
                foreach (var placement in core.Dispatch(0))
                    Assert.True(placed.Add((placement.Request, placement.Epoch)), $"{placement.Request} twice, seed {seed}");
                Assert.Equal(asked.Count, core.WaitingCount + placed.Count);
            }
        }
    }

    private void Report(
        string worker, int free = 90, int parked = 0, double now = 0, WorkerState state = WorkerState.Active, long incarnation = 1, params HeldSequence[] held) =>
        pool.Report(Snapshot(worker, free, parked, state, incarnation, ++report, held), now);

    private static WorkerSnapshot Snapshot(
        string worker, int free, int parked = 0, WorkerState state = WorkerState.Active, long incarnation = 1, long report = 1, params HeldSequence[] held) => new(
        worker, "silo", "cpu0", "spark", incarnation, report, state, new KvUse(10, 1, 100, free, parked, 0, 0), 8, 100_000, 0.01, 100,
        [.. held], new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100);

    private static RequestDescriptor Request(string name, int epoch = 1, double arrivedAt = 0, int tokens = 20) =>
        new(name, epoch, "tenant", 0, arrivedAt, arrivedAt, 0, tokens, 100, null, 0, ToolUse.Server);
}
