using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Pharos.Gateway.Answers;
using Pharos.Grains;
using Pharos.Grains.Hosting;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Routing;

namespace Pharos.Gateway.Tests;

internal static class Fakes
{
    /// <summary>No test waits for longer.</summary>
    public const int GuardMilliseconds = 60_000;

    public static SegmentEnd End(SegmentEndReason reason, params ImmutableArray<ToolCall> calls) => new(reason, calls, 0, 0, 0, 0, 0, 0);
}

/// <summary>One request and its workers, played by the test.</summary>
internal sealed class FakeCluster : IClusterGrains, IRequestGrain
{
    private readonly Dictionary<string, FakeWorker> _workers = [];
    private FakeNotices? _followed;

    public Queue<Channel<RequestNotice>> Follows { get; } = new();

    public List<int> FollowedFrom { get; } = [];

    public Channel<(string Worker, int Epoch, int[] Delivered)> Lost { get; } = Channel.CreateUnbounded<(string, int, int[])>();

    public TaskCompletionSource<string> Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Queue<Exception> WorkerLostFails { get; } = new();

    public Exception? StartFails { get; set; }

    public Queue<Exception> ResumeFails { get; } = new();

    public List<ResumeSpec> Resumes { get; } = [];

    public WorkerFeeds Feeds() => new(this, new GatewayIdentity("gw"), TimeProvider.System, new BackgroundLoops(), NullLogger<WorkerFeeds>.Instance);

    public AnswerStream Listen(TimeSpan? patience = null) => new(
        "r", this, Feeds(), new GrainRetry(TimeProvider.System, Random.Shared), TimeProvider.System, patience ?? TimeSpan.FromSeconds(30), NullLogger.Instance);

    public FakeWorker this[string worker]
    {
        get
        {
            lock (_workers)
                return _workers.TryGetValue(worker, out var found) ? found : _workers[worker] = new FakeWorker(worker);
        }
    }

    public IRequestGrain Request(string id) => this;

    public IWorkerGrain Worker(string worker) => this[worker];

    public ITenantGrain Tenant(string tenant) => throw new NotSupportedException();

    public ISchedulerGrain Scheduler(string pool) => throw new NotSupportedException();

    public IResponseGrain Response(string id) => throw new NotSupportedException();

    /// <summary>The next of <see cref="Follows"/>; what the last one still has from that number on, when there is no other.</summary>
    public async IAsyncEnumerable<RequestNotice> Follow(int from, [EnumeratorCancellation] CancellationToken ct)
    {
        FollowedFrom.Add(from);
        var isNew = Follows.TryDequeue(out var next);
        if (isNew)
            _followed = new FakeNotices(next!.Reader);
        await foreach (var notice in _followed!.Read(isNew ? 0 : from, ct))
            yield return notice;
    }

    public async Task WorkerLost(string worker, int epoch, ImmutableArray<int> delivered, bool byReader)
    {
        if (WorkerLostFails.TryDequeue(out var failure))
            throw failure;
        await Lost.Writer.WriteAsync((worker, epoch, [.. delivered]));
    }

    public Task Cancel(string because)
    {
        Cancelled.TrySetResult(because);
        return Task.CompletedTask;
    }

    public Task<RequestAccepted> Start(RequestSpec spec) => StartFails is { } failure ? throw failure : Task.FromResult(new RequestAccepted(true, null));

    public Task<ResumeOutcome> Resume(ResumeSpec spec)
    {
        Resumes.Add(spec);
        return ResumeFails.TryDequeue(out var failure) ? throw failure : Task.FromResult(new ResumeOutcome(ResumeKind.Resumed, "r", 3, null));
    }

    public Task Shed(string because, double retryAfterSeconds) => throw new NotSupportedException();

    public Task Dispatch(RouteDecision route, SegmentForecast forecast) => throw new NotSupportedException();

    public Task DeferTool(string call, double seconds) => throw new NotSupportedException();

    public Task<ToolWord> BringResult(ToolProof proof, string content, bool failed) => throw new NotSupportedException();

    public Task<ToolWord> ToolProgress(ToolProof proof, double? secondsLeft, double? share) => throw new NotSupportedException();

    public Task<MigrationStart> Migrate(string target, MigrationReason reason) => throw new NotSupportedException();

    public Task<string?> TakeOver(string worker, int epoch, bool parked, int segmentStart) => throw new NotSupportedException();

    public Task MoveFailed(int epoch, string because) => throw new NotSupportedException();

    public Task<bool> ExpectTool(string call, double seconds) => throw new NotSupportedException();

    public Task SegmentEnded(SegmentReport report) => throw new NotSupportedException();

    public Task ToolsReturned(int segmentStart, ImmutableArray<ToolResult> results) => throw new NotSupportedException();

    public Task ReceiptRevised(int epoch, PauseReceipt receipt) => throw new NotSupportedException();

    public Task<RequestDescription?> Describe() => throw new NotSupportedException();
}

/// <summary>What a request has said: as with a grain, whoever asks from a number on is told all from there, though another was told it before.</summary>
internal sealed class FakeNotices
{
    private readonly List<RequestNotice> _said = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private bool _isOver;

    public FakeNotices(ChannelReader<RequestNotice> words) => _ = Listen(words);

    public async IAsyncEnumerable<RequestNotice> Read(int from, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var at = 0; ;)
        {
            RequestNotice? notice;
            Task more;
            lock (_said)
            {
                notice = at < _said.Count ? _said[at++] : null;
                more = _more.Task;
                if (notice is null && _isOver)
                {
                    if (_failure is not null)
                        throw _failure;
                    yield break;
                }
            }

            if (notice is null)
                await more.WaitAsync(ct);
            else if (notice.Number >= from)
                yield return notice;
        }
    }

    private async Task Listen(ChannelReader<RequestNotice> words)
    {
        try
        {
            await foreach (var notice in words.ReadAllAsync())
                Change(() => _said.Add(notice));
            Change(() => _isOver = true);
        }
        catch (Exception failure)
        {
            Change(() => (_failure, _isOver) = (failure, true));
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource told;
        lock (_said)
        {
            change();
            (told, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        told.SetResult();
    }
}

internal sealed class FakeWorker(string name) : IWorkerGrain
{
    private readonly Channel<Channel<DeltaBatch>> _feeds = Channel.CreateUnbounded<Channel<DeltaBatch>>();

    /// <summary>The stream the gateway opens next.</summary>
    public Task<Channel<DeltaBatch>> Opened => _feeds.Reader.ReadAsync().AsTask();

    public DeltaBatch Batch(int epoch, int position, ImmutableArray<int> tokens, string text, SegmentEndReason? end = null) =>
        new(name, [new SequenceDelta("r", epoch, position, tokens, text, end is { } reason ? Fakes.End(reason) : null)]);

    public async IAsyncEnumerable<DeltaBatch> Deltas(string gateway, [EnumeratorCancellation] CancellationToken ct)
    {
        var feed = Channel.CreateUnbounded<DeltaBatch>();
        await _feeds.Writer.WriteAsync(feed, ct);
        await foreach (var batch in feed.Reader.ReadAllAsync(ct))
            yield return batch;
    }

    public Task<WorkerSnapshot> Open() => throw new NotSupportedException();

    public Task<Admission> Admit(SequenceWork work) => throw new NotSupportedException();

    public Task<Admission> Resume(ResumeWork work) => throw new NotSupportedException();

    public Task<bool> Holds(string request, int epoch) => throw new NotSupportedException();

    public Task Release(string request, int epoch) => throw new NotSupportedException();

    public Task<Admission> Receive(MigrationOrder order) => throw new NotSupportedException();

    public Task<MigrationOffer?> Offer(string request, int epoch) => throw new NotSupportedException();

    public Task<KvPiece?> Export(string request, int epoch, int first, int most) => throw new NotSupportedException();

    public Task<Departure?> TakeLeave(string request, int epoch, int first, int most) => throw new NotSupportedException();

    public Task Stay(string request, int epoch) => throw new NotSupportedException();

    public Task Expect(string request, int epoch, double seconds) => throw new NotSupportedException();

    public Task<WorkerSnapshot> Describe() => throw new NotSupportedException();

    public Task<DrainForecast> Drain(bool on) => throw new NotSupportedException();

    public Task<DrainForecast> Cordon() => throw new NotSupportedException();

    public Task<DrainForecast> Evacuate() => throw new NotSupportedException();
}
