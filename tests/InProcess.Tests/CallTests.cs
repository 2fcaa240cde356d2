using System.Collections.Immutable;

namespace Pharos.InProcess.Tests;

[GenerateSerializer] public sealed record Order([property: Id(0)] string Name, [property: Id(1)] List<int> Items);
[GenerateSerializer, Immutable] public sealed record Ticket([property: Id(0)] string Name, [property: Id(1)] ImmutableArray<int> Seats);

public interface IDeskGrain : IGrainWithStringKey
{
    Task<string> Whoami();
    Task<int> HoldUntilReleased();
    [AlwaysInterleave] Task Release();
    [AlwaysInterleave] Task<int> Waiting();
    Task<int> CountSlowly();
    Task<Order> Keep(Order order);
    Task<int> Kept();
    Task<bool> IsSame(Ticket ticket);
    Task Throw();
    Task WaitFor(CancellationToken ct);
    Task<int> Cancelled();
    [ResponseTimeout("00:00:05")] Task NeverAnswers();
    Task NeverAnswersByDefault();
    ValueTask<int> Twice(int x);
    Task<string> SiloOf(string other);
    [OneWay] Task Drop();
    Task Bad(object what);
}

public sealed class DeskGrain(ILocalSiloDetails silo) : Grain, IDeskGrain
{
    public static readonly Ticket Shared = new("shared", [1]);
    private readonly TaskCompletionSource release = new();
    private int holding, count, cancelled;
    private Order? kept;

    public Task<string> Whoami() => Task.FromResult($"{this.GetPrimaryKeyString()}@{silo.Name}");
    public async Task<int> HoldUntilReleased() { holding++; await release.Task; return holding; }
    public Task Release() { release.TrySetResult(); return Task.CompletedTask; }
    public Task<int> Waiting() => Task.FromResult(holding);
    public async Task<int> CountSlowly() { var was = count; for (var i = 0; i < 5; i++) await Task.Yield(); return count = was + 1; }
    public Task<Order> Keep(Order order) { kept = order; return Task.FromResult(order); }
    public Task<int> Kept() => Task.FromResult(kept!.Items.Count);
    public Task<bool> IsSame(Ticket ticket) => Task.FromResult(ReferenceEquals(ticket, Shared));
    public Task Throw() => throw new ArgumentException("no such desk");
    public async Task WaitFor(CancellationToken ct) { try { await Task.Delay(Timeout.Infinite, ct); } catch (OperationCanceledException) { cancelled++; throw; } }
    public Task<int> Cancelled() => Task.FromResult(cancelled);
    public Task NeverAnswers() => new TaskCompletionSource().Task;
    public Task NeverAnswersByDefault() => new TaskCompletionSource().Task;
    public ValueTask<int> Twice(int x) => new(2 * x);
    public Task<string> SiloOf(string other) => GrainFactory.GetGrain<INeighbourGrain>(other).Silo();
    public Task Drop() { count++; throw new InvalidOperationException("nobody hears this"); }
    public Task Bad(object what) => Task.CompletedTask;
}

public interface INeighbourGrain : IGrainWithStringKey { Task<string> Silo(); }

[PreferLocalPlacement]
public sealed class NeighbourGrain : Grain, INeighbourGrain { public Task<string> Silo() => Task.FromResult(RuntimeIdentity); }

public sealed class CallTests
{
    [Fact]
    public async Task Call_FirstOfAGrain_ActivatesItOnce()
    {
        await using var test = await TestCluster.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => test.Grain<IDeskGrain>().Whoami()));
        Assert.Equal("a@silo-0", await test.Grain<IDeskGrain>().Whoami());
        Assert.Single(test.Cluster.Activations<IDeskGrain>());
    }

    [Fact]
    public async Task Requests_ThatAwait_RunOneAfterTheOther()
    {
        await using var test = await TestCluster.StartAsync();
        var desk = test.Grain<IDeskGrain>();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => desk.CountSlowly()));
        Assert.Equal(101, await desk.CountSlowly());
    }

    [Fact]
    public async Task AlwaysInterleave_WhileAnotherAwaits_Runs()
    {
        await using var test = await TestCluster.StartAsync();
        var desk = test.Grain<IDeskGrain>();
        var first = desk.HoldUntilReleased();
        var second = desk.HoldUntilReleased();
        Assert.Equal(1, await desk.Waiting());
        await desk.Release();
        Assert.Equal((1, 2), (await first, await second));
    }

    [Fact]
    public async Task Messages_WithMutableParts_AreCopiedBothWays()
    {
        await using var test = await TestCluster.StartAsync();
        var mine = new Order("x", [1, 2]);
        var returned = await test.Grain<IDeskGrain>().Keep(mine);
        mine.Items.Add(3);
        returned.Items.Clear();
        Assert.Equal(2, await test.Grain<IDeskGrain>().Kept());
    }

    [Fact]
    public async Task Messages_PromisedImmutable_AreNotCopied()
    {
        await using var test = await TestCluster.StartAsync();
        Assert.True(await test.Grain<IDeskGrain>().IsSame(DeskGrain.Shared));
    }

    [Fact]
    public async Task Messages_WithoutSerializer_AreRefusedWithAReason()
    {
        await using var test = await TestCluster.StartAsync();
        var refused = await Assert.ThrowsAsync<CodecNotFoundException>(() => test.Grain<IDeskGrain>().Bad(new System.Text.StringBuilder()));
        Assert.Contains("GenerateSerializer", refused.Message);
    }

    [Fact]
    public async Task Exceptions_OfAGrain_ReachTheCaller()
    {
        await using var test = await TestCluster.StartAsync(silos: 2);
        var thrown = await Assert.ThrowsAsync<ArgumentException>(() => test.Grain<IDeskGrain>().Throw());
        Assert.Equal("no such desk", thrown.Message);
        Assert.Equal(8, await test.Grain<IDeskGrain>().Twice(4));
    }

    [Fact]
    public async Task OneWay_ThatFails_DoesNotReachTheCaller()
    {
        await using var test = await TestCluster.StartAsync();
        await test.Grain<IDeskGrain>().Drop();
        Assert.Equal(2, await test.Grain<IDeskGrain>().CountSlowly());
    }

    [Fact]
    public async Task Cancellation_OfTheCaller_ReachesTheGrain()
    {
        await using var test = await TestCluster.StartAsync(silos: 2);
        using var source = new CancellationTokenSource();
        var waiting = test.Grain<IDeskGrain>().WaitFor(source.Token);
        await test.Idle();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await test.Idle();
        Assert.Equal(1, await test.Grain<IDeskGrain>().Cancelled());
    }

    [Fact]
    public async Task Cancellation_OfAWaitingCall_KeepsItFromStarting()
    {
        await using var test = await TestCluster.StartAsync();
        var desk = test.Grain<IDeskGrain>();
        using var source = new CancellationTokenSource();
        var first = desk.HoldUntilReleased();
        var second = desk.WaitFor(source.Token);
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await desk.Release();
        await first;
        Assert.Equal(0, await desk.Cancelled());
    }

    [Fact]
    public async Task Response_ThatIsLate_IsATimeout()
    {
        await using var test = await TestCluster.StartAsync(configure: o => o.DeactivationTimeout = TimeSpan.Zero);
        var short_ = test.Grain<IDeskGrain>("s").NeverAnswers();
        var long_ = test.Grain<IDeskGrain>("l").NeverAnswersByDefault();
        await test.Advance(TimeSpan.FromSeconds(6));
        var late = await Assert.ThrowsAsync<TimeoutException>(() => short_);
        Assert.Contains("IDeskGrain.NeverAnswers", late.Message);
        Assert.False(long_.IsCompleted);
        await test.Advance(TimeSpan.FromSeconds(25));
        await Assert.ThrowsAsync<TimeoutException>(() => long_);
        await test.Cluster.KillSiloAsync("silo-0");
    }

    [Fact]
    public async Task References_ToTheSameGrain_AreEqual()
    {
        await using var test = await TestCluster.StartAsync();
        Assert.Equal(test.Grain<IDeskGrain>("k"), test.Grain<IDeskGrain>("k"));
        Assert.NotEqual(test.Grain<IDeskGrain>("k"), test.Grain<IDeskGrain>("l"));
        Assert.Equal("k", test.Grain<IDeskGrain>("k").GetPrimaryKeyString());
    }
}
