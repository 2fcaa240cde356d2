using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tracing;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Routing;

namespace Pharos.Grains;

/// <summary>The shell around <see cref="RequestCore"/>: calls become events, effects become calls. No decision is taken here.</summary>
public sealed partial class RequestGrain(
    [PersistentState("request", "pharos")] IPersistentState<RequestState> storage,
    ServedModel model, IOptions<PharosOptions> options, TimeProvider time, ILogger<RequestGrain> log) : Grain, IRequestGrain
{
    /// <summary>An answer that nobody has followed for so long is given up; one who follows comes back within a second.</summary>
    private static readonly TimeSpan FollowLease = TimeSpan.FromSeconds(30);

    private RequestCore core = null!;
    private TaskCompletionSource changed = new(); // awaited in turns of this grain alone
    private IGrainTimer? alarm;
    private RequestPhase? alarmFor;
    private CancellationTokenSource? toolCalls;
    private double followedAt;
    private bool isAhead; // what is in memory is still to be written, or could not be

    private double Now => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>What it has said. For simulations, which look between its turns.</summary>
    internal IReadOnlyList<RequestNotice> Notices => core?.Notices ?? [];

    private ISchedulerGrain Scheduler => GrainFactory.GetGrain<ISchedulerGrain>(core.State.Spec!.Pool);

    public override async Task OnActivateAsync(CancellationToken ct)
    {
        followedAt = Now;
        core = new RequestCore(this.GetPrimaryKeyString(), storage.State, model.EncodeToolTurn);
        await Apply(core.Recover());
    }

    public async Task<RequestAccepted> Start(RequestSpec spec)
    {
        if (core.State.Phase == RequestPhase.None) // else the caller asks again because the answer was lost
            await Apply(core.Start(spec, Now));
        return new RequestAccepted(core.State.Phase != RequestPhase.Failed, core.State.Failure, core.State.TooLarge, core.State.RetryAfterSeconds);
    }

    public async Task<ResumeOutcome> Resume(ResumeSpec spec)
    {
        followedAt = Now; // it begins to be read now
        var (outcome, effects) = core.Resume(spec, Now);
        await Apply(effects);
        return outcome;
    }

    public async IAsyncEnumerable<RequestNotice> Follow(int from, [EnumeratorCancellation] CancellationToken ct)
    {
        core.NumberNoticesFrom(from);
        while (true)
        {
            followedAt = Now;
            var wait = changed.Task;
            // Nobody hears of what a loss could undo: of an end, before it is written.
            List<RequestNotice> news = isAhead ? [] : [.. core.Notices.Where(notice => notice.Number >= from)];
            if (news.Count == 0 && !isAhead)
                news = [.. core.LastWords(from)];
            foreach (var notice in news)
            {
                yield return notice;
                from = notice.Number + 1;
                if (notice.Kind is NoticeKind.Parked or NoticeKind.Finished or NoticeKind.Failed)
                    yield break;
            }

            // A caller whose silo was lost gets no error, only silence: so silence is never longer than a second.
            // One that is cancelled would go on outside the grain's turns.
            await Task.WhenAny(wait, Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None));
            ct.ThrowIfCancellationRequested();
            if (!wait.IsCompleted)
                yield return new RequestNotice(-1, NoticeKind.Alive);
        }
    }

    public Task WorkerLost(string worker, int epoch, ImmutableArray<int> delivered, bool byReader) =>
        Apply(core.WorkerLost(worker, epoch, delivered, byReader, Now));

    public Task Cancel(string because) => Apply(core.Cancel(because, Now));

    public Task Shed(string because, double retryAfterSeconds) => Apply(core.Shed(because, retryAfterSeconds, Now));

    public Task Dispatch(RouteDecision route, SegmentForecast forecast)
    {
        var state = core.State;
        if (state.Phase == RequestPhase.Queued)
            PharosTrace.Span("queue", state.Trace, state.QueuedAt, Now, ("pharos.request", this.GetPrimaryKeyString()), ("pharos.worker", route.Worker), ("pharos.segment", state.Segment));
        return Apply(core.Dispatch(route.Worker, forecast, Now, route));
    }

    public Task SegmentEnded(SegmentReport report) => Apply(core.SegmentEnded(report, Now));

    public Task ToolsReturned(int segmentStart, ImmutableArray<ToolResult> results) => Apply(core.ToolsReturned(segmentStart, results, Now));

    public async Task<bool> ExpectTool(string call, double seconds)
    {
        var (waits, effects) = core.ExpectTool(call, seconds, Now);
        await Apply(effects);
        return waits;
    }

    public Task ReceiptRevised(int epoch, PauseReceipt receipt)
    {
        core.Revise(epoch, receipt);
        return Task.CompletedTask;
    }

    public async Task<RequestDescription?> Describe()
    {
        var state = core.State;
        if (state.Spec is null)
            return null;
        var rank = state.Phase == RequestPhase.Queued ? await Scheduler.Explain(this.GetPrimaryKeyString()) : null;
        return new RequestDescription(
            this.GetPrimaryKeyString(), model.Name, state.Spec.Tenant, Shown(state.Phase), state.Worker, rank, state.Timeline, state.Receipts, state.Usage,
            state.ArrivalAt);
    }

    private static string Shown(RequestPhase phase) => phase switch
    {
        RequestPhase.CallingTools => "calling_tools",
        RequestPhase.Placed => "running",
        _ => phase.ToString().ToLowerInvariant(),
    };
}
