using System.Collections.Immutable;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Requests;

/// <summary>
/// The state machine of one request: New -> Queued -> Placed -> (CallingTools | Parked) -> Queued ... -> Finished. Each event gives the
/// effects to carry out, in order. Every placement has a new epoch; whatever carries an older one is ignored, so that a worker which was only
/// slow can do no harm.
/// </summary>
/// <param name="id">The request's id.</param>
/// <param name="toolTurn">Tokens that tool results add to the context, chat format applied.</param>
public sealed partial class RequestCore(string id, RequestState state, Func<IReadOnlyList<ToolResult>, ImmutableArray<int>> toolTurn)
{
    private static readonly IReadOnlyList<RequestEffect> Nothing = [];
    private const int NoticesOfOneLife = 10_000; // more than an activation ever gives
    private bool isRecovered; // a life before this one may have placed it, and have told nobody who could say so
    private CacheSource? fetched; // by the present worker, which frees it unless it is lost
    private readonly List<RequestNotice> notices = [.. state.Said];
    private (int Segment, Dictionary<string, double> ReturnAt) expected = (-1, []); // by call, seconds: what tools said
    private ulong? offer; // this and the words: what the predictor looks at, told at every turn
    private ImmutableArray<uint> words;

    public RequestState State => state;

    /// <summary>Notices since this core was made, and those before that nobody may miss, with their numbers.</summary>
    public IReadOnlyList<RequestNotice> Notices => notices;

    public bool IsOver => state.Phase is RequestPhase.Finished or RequestPhase.Failed or RequestPhase.Cancelled;

    /// <summary>A new request. The caller has checked that none of that id is known.</summary>
    public IReadOnlyList<RequestEffect> Start(RequestSpec spec, double now)
    {
        state.Spec = spec;
        state.Gateway = spec.Gateway;
        state.Trace = spec.Trace;
        state.Options = spec.Options;
        state.ArrivalAt = now;
        state.Tokens = spec.Tokens;
        state.Transcript = spec.Transcript;
        state.SegmentStart = spec.Tokens.Length;
        state.Usage = RequestUsage.None with { PromptTokens = spec.Tokens.Length };
        Record("arrived", null, spec.Tokens.Length, now);
        return Queue(now);
    }

    /// <summary>Its turn has come on <paramref name="worker"/>, for the reasons in <paramref name="route"/>.</summary>
    public IReadOnlyList<RequestEffect> Dispatch(string worker, SegmentForecast forecast, double now, RouteDecision? route = null)
    {
        if (state.Phase != RequestPhase.Queued)
            return Nothing;
        var effects = new List<RequestEffect>();
        if (isRecovered)
        {
            state.Epoch = NextEpoch();
            state.Move = null;
            effects.Add(new RequestEffect.Save()); // so that no further life gives this epoch to another worker
            isRecovered = false;
        }

        state.Phase = RequestPhase.Placed;
        state.Usage = state.Usage with { QueueSeconds = state.Usage.QueueSeconds + Math.Max(0, now - state.QueuedAt) };
        var returning = state.ParkedEpoch > 0;
        if (returning && worker == state.Worker)
        {
            effects.Add(new RequestEffect.Continue(worker, new ResumeWork(
                id, state.ParkedEpoch, state.Epoch, state.Gateway, state.Tokens[^state.Appended..], state.AnswerTokens, state.Options!, forecast, state.ToolSeconds) { Trace = state.Trace }));
        }
        else
        {
            var cache = default(CacheSource);
            if (returning)
            {
                if (route is { MovesCache: true })
                    fetched = cache = new CacheSource(state.Worker!, state.ParkedEpoch);
                else
                    effects.Add(new RequestEffect.Release(state.Worker!, state.ParkedEpoch));
                state.Usage = state.Usage with { Migrations = state.Usage.Migrations + 1 };
                state.ParkedEpoch = 0;
            }

            effects.Add(new RequestEffect.Admit(worker, Work(forecast) with { Cache = cache, Model = route?.Model }));
        }

        state.Worker = worker;
        state.Model = route?.Model;
        Record("placed", worker, state.Tokens.Length, now, route);
        effects.Insert(effects.FindIndex(static effect => effect is not RequestEffect.Save), Tell(new(0, NoticeKind.Placed, worker, state.Epoch, state.SegmentStart, state.Tokens.Length, Text: state.Model)));
        return effects;
    }

    /// <summary>The worker does not hold the parked sequence any more: the whole context goes there instead.</summary>
    public IReadOnlyList<RequestEffect> NotHere(string worker, SegmentForecast forecast, double now)
    {
        if (state.Phase != RequestPhase.Placed || state.Worker != worker)
            return Nothing;
        state.ParkedEpoch = 0;
        Record("recomputed", worker, state.Tokens.Length, now);
        return [new RequestEffect.Admit(worker, Work(forecast) with { Model = state.Model })];
    }

    /// <summary>The worker does not take it: it waits again, under a new epoch.</summary>
    public IReadOnlyList<RequestEffect> Refused(string worker, double now) =>
        state.Phase == RequestPhase.Placed && state.Worker == worker ? Requeue("refused by " + worker, now) : Nothing;

    /// <summary>Its worker is gone: go on from what is known and what <paramref name="delivered"/> says the client has of this segment.</summary>
    /// <param name="byReader">
    /// The answer's reader says so: it has these tokens and no others, so what was generated beyond them is generated again.
    /// </param>
    public IReadOnlyList<RequestEffect> WorkerLost(string worker, int epoch, ImmutableArray<int> delivered, bool byReader, double now)
    {
        if (IsOver || epoch < state.Epoch || state.Phase is RequestPhase.Parked or RequestPhase.CallingTools or RequestPhase.None)
            return Nothing;
        state.Epoch = Math.Max(epoch, state.Epoch);
        var known = state.Tokens.Length - state.SegmentStart;
        if (delivered.Length > known)
            state.Tokens = state.Tokens.AddRange(delivered.AsSpan()[known..]);
        else if (byReader)
            state.Tokens = state.Tokens[..(state.SegmentStart + delivered.Length)];
        return Requeue("lost " + worker, now);
    }

    /// <summary>It cannot be served.</summary>
    /// <param name="tooLarge">It never can be: asking again is no use.</param>
    /// <param name="retryAfterSeconds">It was shed: when to try again.</param>
    public IReadOnlyList<RequestEffect> Fail(string because, double now, bool tooLarge = false, double? retryAfterSeconds = null)
    {
        if (IsOver || state.Phase == RequestPhase.None)
            return Nothing;
        var effects = LetGo();
        state.Phase = RequestPhase.Failed;
        state.Failure = because;
        state.TooLarge = tooLarge;
        state.RetryAfterSeconds = retryAfterSeconds;
        Record("failed", state.Worker, state.Tokens.Length, now);
        effects.AddRange([new RequestEffect.Save(), Tell(new(0, NoticeKind.Failed, Text: because, TooLarge: tooLarge, RetryAfterSeconds: retryAfterSeconds))]);
        return effects;
    }

    /// <summary>It gives way to others while it waits for its first turn; once it runs it is not shed any more.</summary>
    public IReadOnlyList<RequestEffect> Shed(string because, double retryAfterSeconds, double now) =>
        state is { Phase: RequestPhase.Queued, Segment: 0, Worker: null } ? Fail(because, now, retryAfterSeconds: retryAfterSeconds) : Nothing;

    /// <summary>Stops it wherever it is.</summary>
    public IReadOnlyList<RequestEffect> Cancel(string because, double now)
    {
        if (IsOver || state.Phase == RequestPhase.None)
            return Nothing;
        var effects = LetGo();
        state.Phase = RequestPhase.Cancelled;
        state.Failure = because;
        Record("cancelled", state.Worker, state.Tokens.Length, now);
        effects.AddRange([new RequestEffect.Save(), Tell(new(0, NoticeKind.Failed, Text: because, Reason: SegmentEndReason.Cancelled))]);
        return effects;
    }

    /// <summary>What the scheduler should be told while it waits; null when it does not.</summary>
    public RequestDescriptor? Descriptor(double now) => state.Phase == RequestPhase.Queued ? Describe(now) : null;

    /// <summary>How the present answer ended for one who asks late, by the state alone; empty while it goes on.</summary>
    public IReadOnlyList<RequestNotice> LastWords(int number)
    {
        RequestNotice? last = state.Phase switch
        {
            RequestPhase.Finished => new(0, NoticeKind.Finished, Usage: state.Usage, Reason: state.Said is [.., var said] ? said.Reason : null),
            RequestPhase.Parked => new(0, NoticeKind.Parked, Usage: state.Usage, Reason: SegmentEndReason.ToolCalls),
            RequestPhase.Failed => new(0, NoticeKind.Failed, Text: state.Failure, TooLarge: state.TooLarge, RetryAfterSeconds: state.RetryAfterSeconds),
            RequestPhase.Cancelled => new(0, NoticeKind.Failed, Text: state.Failure, Reason: SegmentEndReason.Cancelled),
            RequestPhase.None => new(0, NoticeKind.Failed, Text: $"request {id} is not known"),
            _ => null,
        };
        return last is null ? [] : [last with { Number = number }];
    }

    /// <summary>Makes sure that notices are numbered from <paramref name="from"/> on: an activation before this one gave the earlier ones.</summary>
    public void NumberNoticesFrom(int from) => state.NextNotice = Math.Max(state.NextNotice, from);

    private IReadOnlyList<RequestEffect> Queue(double now)
    {
        state.Phase = RequestPhase.Queued;
        state.QueuedAt = now;
        state.Epoch = NextEpoch();
        state.Move = null;
        Record("queued", null, state.Tokens.Length, now);
        return [new RequestEffect.Save(), new RequestEffect.Enqueue(Describe(now))];
    }

    // Out of the queue and off the worker, wherever it is.
    private List<RequestEffect> LetGo()
    {
        var effects = new List<RequestEffect> { new RequestEffect.Withdraw() };
        if (state.Worker is { } worker)
            effects.Add(new RequestEffect.Release(worker, state.Epoch)); // a cache parked under an older epoch goes too
        if (state.Move is { } move)
            effects.Add(new RequestEffect.Release(move.Target, move.Epoch));
        state.Move = null;
        FreeFetched(effects);
        return effects;
    }

    private IReadOnlyList<RequestEffect> Requeue(string because, double now)
    {
        var effects = new List<RequestEffect>();
        if (state.Worker is { } worker)
            effects.Add(new RequestEffect.Release(worker, state.Epoch)); // in case it was only slow
        FreeFetched(effects);
        state.Appended = 0;
        state.ParkedEpoch = 0;
        state.Worker = null;
        Record(because, null, state.Tokens.Length, now);
        effects.AddRange(Queue(now));
        effects.Add(Tell(new(0, NoticeKind.Queued, Text: because)));
        return effects;
    }

    private RequestDescriptor Describe(double now) => new(
        id, state.Epoch, state.Spec!.Tenant, state.Spec.Priority, state.ArrivalAt, now, state.Segment, state.Tokens.Length,
        Math.Max(1, state.Options!.MaxTokens - state.AnswerTokens), state.ParkedEpoch > 0 ? state.Worker : null,
        state.ParkedEpoch > 0 && state.Receipts is [.., { Decision: PauseAction.Preserve, Revisions: [] }] ? state.Tokens.Length - state.Appended : 0,
        state.Spec.ToolUse, offer ??= PromptFeatures.Offer(state.Spec.ToolNames), Words(), state.Usage.ToolSeconds);

    private ImmutableArray<uint> Words() => words.IsDefault ? words = PromptFeatures.Words(state.Spec!.Tokens.AsSpan()) : words;

    private SequenceWork Work(SegmentForecast forecast) => new(
        id, state.Epoch, state.Gateway, state.Tokens, state.SegmentStart, state.AnswerTokens, state.Options!, state.Spec!.ToolUse,
        state.Spec.ToolNames, state.ArrivalAt, forecast, state.Spec.Priority, state.Spec.Tenant, state.Usage.ToolSeconds,
        state.Pauses.Sum(pause => pause.Length - pause.SegmentStart) + state.Tokens.Length - state.SegmentStart) { Trace = state.Trace };

    private RequestEffect.Notify Tell(RequestNotice notice)
    {
        var numbered = notice with { Number = state.NextNotice++ };
        notices.Add(numbered);
        if (notice.Kind is NoticeKind.SegmentEnded or NoticeKind.ToolStarted or NoticeKind.ToolReturned)
            state.Said = state.Said.Add(numbered);
        return new RequestEffect.Notify(numbered);
    }

    private void Record(string what, string? worker, int tokens, double now, RouteDecision? route = null) =>
        state.Timeline = state.Timeline.Add(new TimelineEntry(now - state.ArrivalAt, what, worker, tokens, route));
}
