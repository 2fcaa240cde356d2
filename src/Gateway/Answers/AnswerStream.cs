using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Pharos.Gateway.Answers;

/// <summary>
/// Follows one answer of one request: pumps its notices and its share of the workers' deltas into an <see cref="AnswerMerge"/>, carries out
/// what that wants, and cancels the request when the reader stops before the end.
/// </summary>
internal sealed partial class AnswerStream : IAsyncDisposable
{
    /// <summary>A request says something at least every second; see <see cref="WorkerFeeds"/>.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2.5);

    private readonly IClusterGrains _grains;
    private readonly GrainRetry _retry;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;
    private readonly ILogger _logger;
    private readonly Channel<AnswerInput> _inputs = Channel.CreateUnbounded<AnswerInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly WorkerFeeds.Subscription _feed;
    private readonly CancellationTokenSource _stop = new();
    private readonly AnswerMerge _merge = new();
    private Task _follow = Task.CompletedTask;
    private CancellationTokenSource? _heard; // ends the reading of notices that is under way

    /// <summary>Begins to listen for tokens of <paramref name="request"/>: to be made before the request starts, so that none is missed.</summary>
    /// <param name="patience">How long the request may be out of reach before the answer fails.</param>
    public AnswerStream(string request, IClusterGrains grains, WorkerFeeds feeds, GrainRetry retry, TimeProvider time, TimeSpan patience, ILogger logger)
    {
        (Request, _grains, _retry, _time, _patience, _logger) = (request, grains, retry, time, patience, logger);
        _feed = feeds.Subscribe(request, _inputs.Writer);
    }

    public string Request { get; }

    /// <summary>The answer from notice <paramref name="from"/> on, until <see cref="AnswerEvent.Ended"/> or <see cref="AnswerEvent.Failed"/>.</summary>
    public async IAsyncEnumerable<AnswerEvent> Read(int from, [EnumeratorCancellation] CancellationToken ct)
    {
        _follow = Follow(from);
        while (!_merge.IsOver)
        {
            var (events, effects) = _merge.Handle(await _inputs.Reader.ReadAsync(ct));
            foreach (var effect in effects)
                await Carry(effect);
            foreach (var one in events)
                yield return one;
        }
    }

    /// <summary>Stops listening to a request that was not begun: there is nothing to cancel.</summary>
    public void Leave() => _feed.Dispose();

    /// <summary>Ends the following, and the request itself unless its answer is complete.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        _feed.Dispose();
        if (!_merge.IsOver)
            await CancelRequest();
        await _follow;
        _stop.Dispose();
    }

    private async Task Carry(AnswerEffect effect)
    {
        switch (effect)
        {
            case AnswerEffect.OpenFeed { Worker: var worker }:
                _feed.PlacedOn(worker);
                break;
            case AnswerEffect.ReportLoss { Worker: var worker, Epoch: var epoch, Delivered: var delivered }:
                LogLost(worker, Request, delivered.Length);
                await TellLoss(worker, epoch, delivered);
                break;
        }
    }

    /// <summary>Without this word the answer would hang: it is said for as long as patience lasts.</summary>
    private async Task TellLoss(string worker, int epoch, ImmutableArray<int> delivered)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            try
            {
                await _retry.Call(() => _grains.Request(Request).WorkerLost(worker, epoch, delivered, byReader: true), _stop.Token);
                FollowAnew();
                return;
            }
            catch (Exception exception) when (GrainRetry.IsTransient(exception, _stop.Token) && !_stop.IsCancellationRequested && _time.GetElapsedTime(began) < _patience)
            {
                // Again.
            }
            catch (Exception exception) when (!_stop.IsCancellationRequested)
            {
                LogLossNotTold(exception, Request);
                _inputs.Writer.TryWrite(new AnswerInput.FollowFailed("The request is out of reach."));
                return;
            }
        }
    }

    // The request lived where its worker did, as likely as not: its notices are asked for anew, rather than when their silence has lasted.
    private void FollowAnew()
    {
        try
        {
            Volatile.Read(ref _heard)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // They are being asked for just now.
        }
    }

    /// <summary>Reads the notices; when that breaks, opens it again from the next number, for as long as patience lasts without a new one.</summary>
    private async Task Follow(int next)
    {
        var delay = TimeSpan.FromMilliseconds(100);
        long? brokenSince = null;
        while (true)
        {
            using var heard = new CancellationTokenSource(Silence, _time);
            Volatile.Write(ref _heard, heard);
            await using var stopped = _stop.Token.Register(heard.Cancel);
            try
            {
                var ended = false;
                await foreach (var notice in _grains.Request(Request).Follow(next, heard.Token).UntilLeft(heard.Token))
                {
                    heard.CancelAfter(Silence);
                    if (notice.Number < next)
                    {
                        brokenSince = null; // it is there
                        continue;
                    }

                    next = notice.Number + 1;
                    delay = TimeSpan.FromMilliseconds(100);
                    brokenSince = null;
                    ended = notice.Kind is Scheduling.Requests.NoticeKind.Parked or Scheduling.Requests.NoticeKind.Finished or Scheduling.Requests.NoticeKind.Failed;
                    _inputs.Writer.TryWrite(new AnswerInput.Notice(notice));
                }
                if (ended)
                {
                    _inputs.Writer.TryWrite(new AnswerInput.FollowEnded());
                    return;
                }
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) // whatever the host throws when a silo goes: the notices are read again elsewhere
            {
                LogFollowBroken(exception, Request);
            }
            if (_stop.IsCancellationRequested)
                return;
            brokenSince ??= _time.GetTimestamp();
            if (_time.GetElapsedTime(brokenSince.Value) >= _patience)
            {
                _inputs.Writer.TryWrite(new AnswerInput.FollowFailed("The request is out of reach."));
                return;
            }
            await Task.Delay(delay, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            delay = delay < TimeSpan.FromSeconds(1) ? delay * 2 : delay;
        }
    }

    private async Task CancelRequest()
    {
        try
        {
            await _retry.Call(() => _grains.Request(Request).Cancel("The client went away."), CancellationToken.None);
        }
        catch (Exception exception) // nobody is left to tell; the worker frees it when the epoch is void
        {
            LogCancelFailed(exception, Request);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Worker {Worker} was lost; request {Request} goes on elsewhere after {Delivered} delivered tokens.")]
    private partial void LogLost(string worker, string request, int delivered);

    [LoggerMessage(4, LogLevel.Warning, "Request {Request} could not be told that its worker was lost.")]
    private partial void LogLossNotTold(Exception exception, string request);

    [LoggerMessage(2, LogLevel.Warning, "The notices of request {Request} broke off; they are read again.")]
    private partial void LogFollowBroken(Exception exception, string request);

    [LoggerMessage(3, LogLevel.Warning, "Request {Request} could not be cancelled.")]
    private partial void LogCancelFailed(Exception exception, string request);
}
