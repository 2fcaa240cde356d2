using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Tests.Routing;

public sealed class RoutingTests
{
    // An iteration takes 1 s and computes up to 64 tokens, the link moves 16 tokens a second; each worker has room for 1000 tokens.
    private static readonly DeviceProfile Device = new(1, 0, 0, 64, 16);

    [Fact]
    public void Request_goes_back_to_its_cache_while_there_is_no_reason_not_to()
    {
        // b is empty, but the context would take 4 iterations there; a brings it back in 2 s.
        Assert.Equal("a", Route(Back(owner: 0, host: 32), Worker("a", free: 500, load: 5_000), Worker("b", free: 1000)));
        Assert.Equal("a", Route(Back(owner: 0, device: 200), Worker("a", free: -500, load: 90_000), Worker("b", free: 1000)));
    }

    [Fact]
    public void It_moves_when_the_wait_for_memory_costs_more_than_to_compute_the_context_again()
    {
        // a has work for 90 s of full memory and is short of 200 + 1 tokens more than all it has: the whole of it must drain.
        Assert.Equal("b", Route(Back(owner: 0, host: 200), Worker("a", free: -1000, load: 90_000), Worker("b", free: 1000)));
        // short of a tenth it frees that in 0.1 x 9 s; computing it elsewhere takes four iterations, twice counted
        Assert.Equal("a", Route(Back(owner: 0, host: 32), Worker("a", free: 100, load: 9_000), Worker("b", free: 1000)));
    }

    [Fact]
    public void New_requests_spread_by_the_memory_that_is_wanted_not_by_their_number()
    {
        var many = Worker("many", free: 800) with { Sequences = 50 };
        var few = Worker("few", free: 300) with { Sequences = 3 };
        Assert.Equal("many", Route(New(), few, many));
        Assert.Equal("few", Route(new LeastRequestsRouting(), New(), few, many));
    }

    [Fact]
    public void Full_silent_or_too_small_workers_are_no_choice()
    {
        foreach (var name in RoutingPolicies.Names)
        {
            var policy = RoutingPolicies.Find(name);
            Assert.Equal(-1, policy.Choose(New(), [Worker("full", free: 200)]));
            Assert.Equal(-1, policy.Choose(New(), [Worker("seated", free: 1000) with { Seats = 0 }]));
            Assert.Equal(-1, policy.Choose(New(), [Worker("silent", free: 1000) with { TakesUntil = 4 }]));
            Assert.Equal(-1, policy.Choose(New(), [Worker("small", free: 1000) with { LargestContext = 200 }]));
            Assert.Equal(0, policy.Choose(New(), [Worker("good", free: 201)]));
        }
    }

    [Fact]
    public void Bound_early_a_request_waits_on_its_worker_and_ahead_only_a_few_do()
    {
        var policy = new MemoryTimeRouting();
        var full = Worker("full", free: 0) with { Backlog = 3 };
        Assert.Equal(0, policy.Choose(New() with { Binding = Binding.Early }, [full]));
        Assert.Equal(0, policy.Choose(New() with { Binding = Binding.Ahead }, [full]));
        Assert.Equal(-1, policy.Choose(New() with { Binding = Binding.Ahead }, [full with { Backlog = 4 }]));
    }

    [Fact]
    public void Round_robin_takes_each_in_turn_and_skips_who_has_no_room()
    {
        var policy = new RoundRobinRouting();
        RouteCandidate[] workers = [Worker("a", free: 1000), Worker("b", free: 0), Worker("c", free: 1000)];
        Assert.Equal([0, 2, 0, 2], Enumerable.Range(0, 4).Select(_ => policy.Choose(New(), workers)));
    }

    [Fact]
    public void Cache_owner_waits_however_long_that_takes()
    {
        var back = Back(owner: 0, host: 200);
        Assert.Equal("a", Route(new CacheOwnerRouting(), back, Worker("a", free: -1000, load: 90_000), Worker("b", free: 1000)));
        Assert.Equal("b", Route(new CacheOwnerRouting(), back, Worker("a", free: 0) with { Seats = -4 }, Worker("b", free: 1000)));
    }

    [Fact]
    public void Unknown_name_is_answered_with_those_that_exist() =>
        Assert.Contains("memory-time, cache-owner, least-requests, round-robin", Assert.Throws<ArgumentException>(() => RoutingPolicies.Find("best")).Message);

    private static string Route(RouteRequest request, params RouteCandidate[] workers) => Route(new MemoryTimeRouting(), request, workers);

    private static string Route(IRoutingPolicy policy, RouteRequest request, params RouteCandidate[] workers) =>
        workers[policy.Choose(request, workers)].Worker;

    private static RouteRequest New() => new(200, -1, 0, 0, Now: 5, Binding.Late, Lookahead: 4);

    private static RouteRequest Back(int owner, int device = 0, int host = 0) => New() with { Owner = owner, DeviceTokens = device, HostTokens = host };

    private static RouteCandidate Worker(string name, int free, double load = 0) => new(name, 10, 1000, free, 1000, 5, 0, 10, load, Device);
}
