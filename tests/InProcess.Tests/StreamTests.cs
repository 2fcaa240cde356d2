using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Pharos.InProcess.Tests;

public interface IFeedGrain : IGrainWithStringKey
{
    IAsyncEnumerable<int> Count(int to, CancellationToken ct);
    IAsyncEnumerable<int> Published(CancellationToken ct = default);
    Task Publish(int value);
    Task End();
    [AlwaysInterleave] Task Disposed();
    Task<List<int>> ReadFrom(string other, int take);
}

public sealed class FeedGrain : Grain, IFeedGrain
{
    private readonly Channel<int> channel = Channel.CreateUnbounded<int>();
    private readonly TaskCompletionSource disposed = new();

    public async IAsyncEnumerable<int> Count(int to, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var i = 0; i < to; i++)
        {
            yield return i;
            if (i == 6) throw new InvalidOperationException("seven is too many");
        }

        await Task.CompletedTask;
    }

    public async IAsyncEnumerable<int> Published([EnumeratorCancellation] CancellationToken ct)
    {
        try
        {
            await foreach (var item in channel.Reader.ReadAllAsync(ct)) yield return item;
        }
        finally
        {
            disposed.SetResult();
        }
    }

    public Task Publish(int value) { channel.Writer.TryWrite(value); return Task.CompletedTask; }
    public Task End() { DeactivateOnIdle(); return Task.CompletedTask; }
    public Task Disposed() => disposed.Task;

    public async Task<List<int>> ReadFrom(string other, int take)
    {
        var got = new List<int>();
        await foreach (var i in GrainFactory.GetGrain<IFeedGrain>(other).Count(take, default)) got.Add(i);
        return got;
    }
}

public sealed class StreamTests
{
    [Fact]
    public async Task Sequence_OfAGrain_ArrivesWholeWhateverTheBatch()
    {
        await using var test = await TestCluster.StartAsync(silos: 2);
        foreach (var batch in new[] { 1, 2, 100 })
        {
            var got = new List<int>();
            await foreach (var i in test.Grain<IFeedGrain>().Count(5, default).WithBatchSize(batch)) got.Add(i);
            Assert.Equal([0, 1, 2, 3, 4], got);
        }

        Assert.Equal([0, 1, 2], await test.Grain<IFeedGrain>("reader").ReadFrom("a", 3));
    }

    [Fact]
    public async Task Sequence_ThatFails_FirstBringsWhatCameBefore()
    {
        await using var test = await TestCluster.StartAsync();
        var got = new List<int>();
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var i in test.Grain<IFeedGrain>().Count(20, default)) got.Add(i);
        });
        Assert.Equal("seven is too many", failed.Message);
        Assert.Equal(7, got.Count);
    }

    [Fact]
    public async Task Sequence_ThatWaits_LetsOtherRequestsRun()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        await using var items = feed.Published().GetAsyncEnumerator();
        var next = items.MoveNextAsync();
        await feed.Publish(5);
        Assert.True(await next);
        Assert.Equal(5, items.Current);
    }

    [Fact]
    public async Task Consumer_ThatStops_DisposesTheSequence()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        await feed.Publish(1);
        await foreach (var _ in feed.Published()) break;
        await feed.Disposed();
    }

    [Fact]
    public async Task Consumer_ThatCancels_EndsBothSides()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        using var source = new CancellationTokenSource();
        await feed.Publish(1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in feed.Published(source.Token))
            {
                source.Cancel();
            }
        });
        await feed.Disposed();
    }

    [Fact]
    public async Task Consumer_WaitingWhenItsTokenIsCancelled_EndsBothSides()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        using var source = new CancellationTokenSource();
        var items = feed.Published().GetAsyncEnumerator(source.Token);
        var next = items.MoveNextAsync().AsTask();
        await test.Idle();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await items.DisposeAsync();
        await feed.Disposed();
    }

    [Fact]
    public async Task Consumer_OfAKilledSilo_LearnsIt()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        await feed.Publish(1);
        var items = feed.Published().GetAsyncEnumerator();
        await items.MoveNextAsync();
        var next = items.MoveNextAsync().AsTask();
        await test.Cluster.KillSiloAsync("silo-0");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => next);
        await items.DisposeAsync();
    }

    [Fact]
    public async Task Consumer_BetweenFetchesWhenTheSiloDies_GetsEnumerationAbortedAndActivatesNothing()
    {
        await using var test = await TestCluster.StartAsync(silos: 2);
        var feed = test.Grain<IFeedGrain>();
        await feed.Publish(1);
        var items = feed.Published().GetAsyncEnumerator();
        await items.MoveNextAsync();
        await test.Cluster.KillSiloAsync(test.Cluster.Activations()[0].Silo);
        await Assert.ThrowsAsync<EnumerationAbortedException>(async () => await items.MoveNextAsync());
        Assert.Equal(0, test.Cluster.ActivationCount());
    }

    [Fact]
    public async Task Consumer_OfADeactivatedGrain_GetsEnumerationAborted()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        await using var items = feed.Published().GetAsyncEnumerator();
        var next = items.MoveNextAsync().AsTask();
        await feed.End();
        await Assert.ThrowsAsync<EnumerationAbortedException>(() => next);
    }

    [Fact]
    public async Task Enumeration_ThatNobodyContinues_Expires()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        await feed.Publish(1);
        var items = feed.Published().GetAsyncEnumerator();
        await items.MoveNextAsync();
        await test.Advance(TimeSpan.FromSeconds(61));
        await feed.Disposed();
        await Assert.ThrowsAsync<EnumerationAbortedException>(async () => await items.MoveNextAsync());
    }

    [Fact]
    public async Task Enumeration_WaitingForLong_DoesNotTimeOut()
    {
        await using var test = await TestCluster.StartAsync();
        var feed = test.Grain<IFeedGrain>();
        await using var items = feed.Published().GetAsyncEnumerator();
        var next = items.MoveNextAsync().AsTask();
        await test.Advance(TimeSpan.FromHours(2));
        await feed.Publish(3);
        Assert.True(await next);
    }
}
