using System.Collections.Immutable;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Requests;

// What happens at the end of a segment: the end, or tools and the way back.
public sealed partial class RequestCore
{
    /// <summary>The worker's word that a segment is over.</summary>
    public IReadOnlyList<RequestEffect> SegmentEnded(SegmentReport report, double now)
    {
        RememberSwitch(report);
        if (IsOver || report.Epoch != state.Epoch || state.Phase is not (RequestPhase.Placed or RequestPhase.Queued))
            return Stale(report);
        var effects = new List<RequestEffect>();
        if (state.ParkedEpoch > 0 && state.Worker is { } holder && holder != report.Worker)
            effects.Add(new RequestEffect.Release(holder, state.ParkedEpoch));
        if (state.Phase == RequestPhase.Queued)
            effects.Add(new RequestEffect.Withdraw()); // this activation missed the dispatch; the worker has it all the same
        var end = report.End;
        fetched = null;
        state.Worker = report.Worker;
        state.Tokens = [.. state.Tokens.AsSpan()[..report.SegmentStart], .. report.Tokens];
        state.Appended = 0;
        state.ParkedEpoch = 0;
        state.Usage = state.Usage with
        {
            CompletionTokens = state.Usage.CompletionTokens + report.Tokens.Length,
            CachedTokens = state.AnswerTokens == 0 ? end.CachedTokens : state.Usage.CachedTokens, // of the prompt, not of what the answer added
            KvTokenSeconds = state.Usage.KvTokenSeconds + end.KvTokenSeconds,
            QueueSeconds = state.Usage.QueueSeconds + end.QueueSeconds,
            Preemptions = state.Usage.Preemptions + end.Preemptions,
            PrefillSeconds = state.Usage.PrefillSeconds + end.PrefillSeconds,
            DecodeSeconds = state.Usage.DecodeSeconds + end.DecodeSeconds,
        };
        RecordRun(end, report.Worker, now);
        effects.Add(Tell(new(0, NoticeKind.SegmentEnded, report.Worker, report.Epoch, report.SegmentStart, Text: report.Text, Reason: end.Reason, End: end, Logprobs: report.Logprobs)));
        if (end.Reason != SegmentEndReason.ToolCalls)
        {
            effects.AddRange(End(report, now));
            return effects;
        }

        state.Calls = end.Calls;
        state.Results = [];
        state.Brought = [];
        state.Deferred = [];
        state.PausedAt = now;
        state.ParkedEpoch = report.Epoch;
        state.AnswerTokens += report.Tokens.Length;
        state.Pauses = state.Pauses.Add(new PausePoint(report.SegmentStart, state.Tokens.Length, end.Calls));
        if (report.Receipt is { } receipt)
        {
            state.Receipts = state.Receipts.Add(receipt);
            effects.Add(new RequestEffect.Decided(receipt));
        }

        state.Usage = state.Usage with { Receipts = state.Usage.Receipts + 1 };
        Record($"paused for {string.Join(", ", end.Calls.Select(call => call.Name))}", report.Worker, state.Tokens.Length, now);
        if (state.Spec!.ToolUse == ToolUse.Server)
        {
            state.Phase = RequestPhase.CallingTools;
            effects.Add(new RequestEffect.Save());
            effects.AddRange(end.Calls.Select(call => Tell(new(0, NoticeKind.ToolStarted, SegmentStart: report.SegmentStart, Call: call))));
            effects.Add(new RequestEffect.CallTools(end.Calls));
            return effects;
        }

        state.Phase = RequestPhase.Parked;
        effects.AddRange([new RequestEffect.Save(), Tell(new(0, NoticeKind.Parked, Usage: state.Usage, Reason: end.Reason))]);
        return effects;
    }

    // The worker alone knows when it began and when the first token came; it says so with its last word.
    private void RecordRun(SegmentEnd end, string worker, double now)
    {
        if (end.PrefillSeconds + end.DecodeSeconds <= 0)
            return; // it never ran
        var earliest = state.Timeline is [.., var last] ? last.At + state.ArrivalAt : state.ArrivalAt;
        var spoke = Math.Max(earliest, now - end.DecodeSeconds);
        Record("started", worker, state.SegmentStart, Math.Max(earliest, spoke - end.PrefillSeconds));
        Record("first token", worker, state.SegmentStart + 1, spoke);
    }

    // A stale owner may have parked a cache that nobody will come back for; one that says the same twice keeps it.
    private IReadOnlyList<RequestEffect> Stale(SegmentReport report)
    {
        var awaited = !IsOver && report.Worker == state.Worker && report.Epoch == state.ParkedEpoch;
        return report.End.Reason == SegmentEndReason.ToolCalls && !awaited ? [new RequestEffect.Release(report.Worker, report.Epoch)] : Nothing;
    }

    /// <summary>
    /// After an activation was lost: calls that were under way are made again. One that waits asks the scheduler again soon; one that runs
    /// hears from its worker or its gateway. Written at once, so that an earlier activation which was only slow can write no more, and so that
    /// notices get numbers that none before has used.
    /// </summary>
    public IReadOnlyList<RequestEffect> Recover()
    {
        if (IsOver || state.Phase == RequestPhase.None)
            return Nothing;
        isRecovered = true;
        if (state.Phase == RequestPhase.Placed)
            state.Phase = RequestPhase.Queued; // whether the worker has it, its report will say
        state.NextNotice = (state.NextNotice / NoticesOfOneLife + 1) * NoticesOfOneLife;
        return state.Phase == RequestPhase.CallingTools
            ? [new RequestEffect.Save(), new RequestEffect.CallTools(state.Calls)]
            : [new RequestEffect.Save()];
    }

    /// <summary>
    /// A tool that is being called says in how many seconds it returns. Of several calls the one that says the latest decides how long the cache waits. Not
    /// durable: a tool says it again when it likes.
    /// </summary>
    /// <returns>Whether the request waits for that call; and what is to be done.</returns>
    public (bool Waits, IReadOnlyList<RequestEffect> Effects) ExpectTool(string call, double seconds, double now)
    {
        if (!(seconds >= 0) || !double.IsFinite(seconds))
            throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "Expected the seconds until the tool returns, 0 or more.");
        if (state.Phase is not (RequestPhase.CallingTools or RequestPhase.Parked) || state.Calls.FirstOrDefault(known => known.Id == call) is not { } said)
            return (false, Nothing);
        if (expected.Segment != state.Segment)
            expected = (state.Segment, []);
        if (expected.ReturnAt.TryAdd(call, now + seconds))
            Record($"{said.Name} said when it returns", null, state.Tokens.Length, now);
        expected.ReturnAt[call] = now + seconds;
        return (true, state is { ParkedEpoch: > 0, Worker: { } worker }
            ? [new RequestEffect.Expect(worker, state.ParkedEpoch, Math.Max(0, expected.ReturnAt.Values.Max() - now))]
            : Nothing);
    }

    /// <summary>All server-side calls of the pause have answered, in the order of the calls.</summary>
    public IReadOnlyList<RequestEffect> ToolsReturned(int segmentStart, ImmutableArray<ToolResult> results, double now)
    {
        if (state.Phase != RequestPhase.CallingTools || state.SegmentStart != segmentStart)
            return Nothing;
        var effects = new List<RequestEffect>();
        effects.AddRange(results.Select(result => Tell(new(0, NoticeKind.ToolReturned, SegmentStart: segmentStart, Result: result))));
        state.Options = state.Options! with { Calls = state.Options.Calls?.Later() };
        effects.AddRange(GoOn(results, now));
        return effects;
    }

    /// <summary>Results of client-side tools. Idempotent: the same attempt, repeated because its answer was lost, is told the same.</summary>
    public (ResumeOutcome Outcome, IReadOnlyList<RequestEffect> Effects) Resume(ResumeSpec spec, double now)
    {
        var point = state.Pauses.LastOrDefault(pause => pause.SegmentStart == spec.SegmentStart);
        if (state.Spec is null || spec.Tenant != state.Spec.Tenant || state.Spec.ToolUse != ToolUse.Client
            || !spec.Transcript.AsSpan().StartsWith(state.Spec.Transcript.AsSpan()))
            return (new ResumeOutcome(ResumeKind.Unknown, id, 0, null), Nothing);
        if (point is null)
        {
            // The client has heard from the worker what this request is still to be told.
            var isRunning = state.Phase is RequestPhase.Queued or RequestPhase.Placed && state.SegmentStart == spec.SegmentStart;
            return (new ResumeOutcome(isRunning ? ResumeKind.TooEarly : ResumeKind.Unknown, id, 0, null), Nothing);
        }

        if (state.Resumed is { } known && known.NewRequest == spec.NewRequest && known.SegmentStart == spec.SegmentStart)
            return (new ResumeOutcome(ResumeKind.Resumed, id, known.FromNotice, null), Nothing);
        var missing = point.Calls.Where(call => spec.Results.All(result => result.CallId != call.Id)).Select(call => call.Id).ToList();
        if (missing.Count > 0)
            return (new ResumeOutcome(ResumeKind.Incomplete, id, 0, string.Join(", ", missing)), Nothing);
        ImmutableArray<ToolResult> results = [.. point.Calls.Select(call => spec.Results.First(result => result.CallId == call.Id))];
        if (state.Phase != RequestPhase.Parked || state.SegmentStart != spec.SegmentStart)
            return Forked(spec, point, results);
        if (!spec.Transcript.AsSpan().StartsWith(state.Transcript.AsSpan()))
            return (new ResumeOutcome(ResumeKind.Unknown, id, 0, null), Nothing);

        var from = state.NextNotice;
        state.Resumed = new AcceptedResume(spec.NewRequest, spec.SegmentStart, from);
        state.Gateway = spec.Gateway;
        state.Trace = spec.Trace;
        state.Options = spec.Options;
        state.Transcript = spec.Transcript;
        state.AnswerTokens = 0;
        state.Said = [];
        var seconds = now - state.PausedAt;
        results = [.. results.Select(result => result with { Seconds = seconds })];
        state.Usage = RequestUsage.None with { Receipts = state.Usage.Receipts, Migrations = state.Usage.Migrations };
        var effects = GoOn(results, now);
        state.Usage = state.Usage with { PromptTokens = state.Tokens.Length };
        return (new ResumeOutcome(ResumeKind.Resumed, id, from, null), effects);
    }

    /// <summary>The worker changed what it does with the parked cache, or settled its price.</summary>
    public void Revise(int epoch, PauseReceipt receipt)
    {
        // Words of a worker may overtake each other: what is settled stays, and revisions only grow.
        if (epoch > state.Epoch)
            return;
        for (var i = state.Receipts.Length - 1; i >= 0; i--)
        {
            var known = state.Receipts[i];
            if (known.Call != receipt.Call)
                continue;
            if (receipt.ActualSeconds is not null || (known.ActualSeconds is null && receipt.Revisions.Length > known.Revisions.Length))
                state.Receipts = state.Receipts.SetItem(i, receipt);
            return;
        }
    }

    private IReadOnlyList<RequestEffect> GoOn(ImmutableArray<ToolResult> results, double now)
    {
        var appended = toolTurn(results);
        var seconds = results.Max(result => result.Seconds);
        var outcome = new SegmentOutcome(
            id, state.Segment, state.SegmentStart, state.Tokens.Length - state.SegmentStart,
            [.. results.Select(result => new ToolOutcome(result.Name, result.Seconds, appended.Length / results.Length))], Ended: false);
        state.Results = results;
        state.ToolSeconds = seconds;
        state.Usage = state.Usage with { ToolSeconds = state.Usage.ToolSeconds + seconds };
        if (state.Receipts is [.., { ActualSeconds: null } receipt] && state.Calls.Any(call => call.Id == receipt.Call))
            state.Receipts = state.Receipts.SetItem(state.Receipts.Length - 1, receipt with { ActualSeconds = seconds }); // the worker adds the regret when its turn comes
        state.Tokens = state.Tokens.AddRange(appended);
        state.Appended = appended.Length;
        state.SegmentStart = state.Tokens.Length;
        state.Segment++;
        Record("tools returned", null, state.Tokens.Length, now);
        return [new RequestEffect.Learn(outcome), .. Queue(now)];
    }

    private (ResumeOutcome, IReadOnlyList<RequestEffect>) Forked(ResumeSpec spec, PausePoint point, ImmutableArray<ToolResult> results)
    {
        var tokens = state.Tokens[..point.Length].AddRange(toolTurn(results));
        var copy = state.Spec! with { Tokens = tokens, Gateway = spec.Gateway, Options = spec.Options, Transcript = spec.Transcript, Trace = spec.Trace };
        return (new ResumeOutcome(ResumeKind.Forked, spec.NewRequest, 0, null), [new RequestEffect.Fork(spec.NewRequest, copy)]);
    }

    private IEnumerable<RequestEffect> End(SegmentReport report, double now)
    {
        var cancelled = report.End.Reason == SegmentEndReason.Cancelled;
        state.Phase = cancelled ? RequestPhase.Cancelled : RequestPhase.Finished;
        state.Failure = cancelled ? "cancelled by " + report.Worker : null;
        Record(cancelled ? "cancelled" : "finished", report.Worker, state.Tokens.Length, now);
        // A segment cut short says nothing about how long segments are.
        IEnumerable<RequestEffect> learn = cancelled
            ? [new RequestEffect.Withdraw()]
            : [new RequestEffect.Learn(new SegmentOutcome(id, state.Segment, report.SegmentStart, report.Tokens.Length, [], Ended: true))];
        return
        [
            .. learn,
            new RequestEffect.Save(),
            Tell(new(0, NoticeKind.Finished, Usage: state.Usage, Reason: report.End.Reason)),
        ];
    }
}
