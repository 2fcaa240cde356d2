using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Pharos.Grains.Hosting;

namespace Pharos.Gateway.Answers;

/// <summary>
/// The gateway's streams of tokens: one a worker, for all requests together, opened when the first request is placed there and
/// reopened when it breaks. Deltas go to all answers of the request they name.
/// </summary>
internal sealed partial class WorkerFeeds(
    IClusterGrains grains, GatewayIdentity gateway, TimeProvider time, BackgroundLoops loops, ILogger<WorkerFeeds> logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A worker says something at least every 0.3 s, so five words are missing. A client of the cluster gets no error when a silo dies, only silence. Shorter, and a
    /// gateway on a crowded machine gives up streams that are only slow; longer, and every loss stands for as much longer at the clients.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1.5);

    // Several a request where a client repeats its tool results while the first answer still runs.
    private readonly ConcurrentDictionary<string, ImmutableArray<Subscription>> _requests = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Feed> _feeds = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private long _subscriptions;

    /// <summary>From now on deltas of <paramref name="request"/> go to <paramref name="inputs"/>.</summary>
    public Subscription Subscribe(string request, ChannelWriter<AnswerInput> inputs)
    {
        var subscription = new Subscription(this, request, inputs, Interlocked.Increment(ref _subscriptions));
        _requests.AddOrUpdate(request, _ => [subscription], (_, others) => others.Add(subscription));
        return subscription;
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await Task.WhenAll(_feeds.Values.Select(feed => feed.Loop));
        _stop.Dispose();
    }

    // In the order of their making, which is the same in every run.
    private List<Subscription> On(string worker) =>
        [.. _requests.Values.SelectMany(all => all).Where(subscription => subscription.Worker == worker).OrderBy(subscription => subscription.Number)];

    private void Remove(string request, Subscription subscription)
    {
        while (_requests.TryGetValue(request, out var all))
        {
            var rest = all.Remove(subscription);
            if (rest.IsEmpty ? _requests.TryRemove(new(request, all)) : _requests.TryUpdate(request, rest, all))
                return;
        }
    }

    private void Open(string worker) => _feeds.GetOrAdd(worker, key => new Feed(key)).Start(loops, Read);

    private async Task Read(Feed feed)
    {
        var delay = FirstDelay;
        while (!_stop.IsCancellationRequested)
        {
            using var heard = new CancellationTokenSource(Silence, time);
            await using var stopped = _stop.Token.Register(heard.Cancel);
            try
            {
                await foreach (var batch in grains.Worker(feed.Worker).Deltas(gateway.Id, heard.Token).UntilLeft(heard.Token))
                {
                    heard.CancelAfter(Silence);
                    delay = FirstDelay;
                    foreach (var delta in batch.Deltas)
                    {
                        foreach (var subscription in _requests.GetValueOrDefault(delta.Request, []))
                            subscription.Inputs.TryWrite(new AnswerInput.Delta(batch.Worker, delta));
                    }
                }
                LogEnded(feed.Worker);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) // whatever broke it: what was in it is lost
            {
                LogBroken(feed.Worker, exception.Message);
            }
            if (!TellLost(feed))
            {
                feed.Stop();
                if (On(feed.Worker).Count > 0)
                    feed.Start(loops, Read); // one was placed there just now and found the loop still running
                return;
            }
            try
            {
                await Task.Delay(delay, time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    /// <summary>True when somebody waits for this worker.</summary>
    private bool TellLost(Feed feed)
    {
        var listeners = On(feed.Worker);
        foreach (var subscription in listeners)
            subscription.Inputs.TryWrite(new AnswerInput.FeedLost(feed.Worker));
        return listeners.Count > 0;
    }

    [LoggerMessage(1, LogLevel.Warning, "The token stream of worker {Worker} broke: {Because}")]
    private partial void LogBroken(string worker, string because);

    [LoggerMessage(2, LogLevel.Information, "The token stream of worker {Worker} ended.")]
    private partial void LogEnded(string worker);

    /// <summary>One answer's place in the feeds.</summary>
    internal sealed class Subscription(WorkerFeeds feeds, string request, ChannelWriter<AnswerInput> inputs, long number) : IDisposable
    {
        public long Number => number;

        public ChannelWriter<AnswerInput> Inputs => inputs;

        /// <summary>The worker it is placed on.</summary>
        public string? Worker { get; private set; }

        public void PlacedOn(string worker)
        {
            Worker = worker;
            feeds.Open(worker);
        }

        public void Dispose() => feeds.Remove(request, this);
    }

    /// <summary>A worker's stream: runs while somebody needs it or it is whole, and starts again on demand.</summary>
    private sealed class Feed(string worker)
    {
        private readonly Lock _gate = new();
        private bool _runs;

        public string Worker => worker;

        public Task Loop { get; private set; } = Task.CompletedTask;

        public void Start(BackgroundLoops loops, Func<Feed, Task> loop)
        {
            lock (_gate)
            {
                if (_runs)
                    return;
                _runs = true;
                Loop = loops.Start(worker, () => loop(this));
            }
        }

        public void Stop()
        {
            lock (_gate)
                _runs = false;
        }
    }
}
