using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Pool;

/// <summary>
/// What a pool remembers of its latest requests, for people who look and for replays: no decision hangs on it. Fed with what the scheduler hears
/// anyway, so that it is as soft as the scheduler's own state.
/// </summary>
/// <param name="capacity">Most requests remembered: ended ones go first, then the oldest.</param>
public sealed class PoolJournal(int capacity = 1024)
{
    private const int MostSpans = 64;
    private readonly Dictionary<string, RequestSummary> known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Asked> asked = new(StringComparer.Ordinal);
    private readonly Queue<string> arrived = [], ended = []; // an id may stand there for a request that is gone

    /// <param name="Epoch">That of its latest turn: what a worker says of an earlier one is out of date.</param>
    private readonly record struct Asked(ToolUse ToolUse, int Epoch);

    public int Count => known.Count;

    /// <summary>The latest by arrival, the newest first.</summary>
    public ImmutableArray<RequestSummary> Latest(int most) =>
        [.. known.Values.OrderByDescending(request => request.ArrivalAt).ThenBy(request => request.Request, StringComparer.Ordinal).Take(most)];

    public void Queued(RequestDescriptor request, double now)
    {
        if (!known.TryGetValue(request.Request, out var summary))
        {
            MakeRoom();
            now = Math.Min(now, request.EnqueuedAt);
            arrived.Enqueue(request.Request);
            summary = new RequestSummary(
                request.Request, request.Tenant, SummaryState.Queued, request.Holder, request.Priority, request.ArrivalAt, null, request.Segment,
                request.Segment == 0 ? request.ContextTokens : 0, request.ContextTokens, [], []);
        }
        else if (summary.State == SummaryState.Queued && summary.Spans.Length > 0)
        {
            asked[request.Request] = new Asked(request.ToolUse, request.Epoch);
            return; // says again that it waits
        }

        asked[request.Request] = new Asked(request.ToolUse, request.Epoch);
        Enter(summary with { Segment = request.Segment, ContextTokens = request.ContextTokens, EndedAt = null }, SummaryState.Queued, now, null);
    }

    public void Placed(string request, string worker, double now)
    {
        if (known.TryGetValue(request, out var summary))
            Enter(summary with { Worker = worker }, SummaryState.Running, now, worker);
    }

    /// <summary>A worker's report: how far its sequences are, and which of them have begun to wait for a tool.</summary>
    public void Reported(WorkerSnapshot snapshot, double now)
    {
        foreach (ref readonly var sequence in snapshot.Sequences.AsSpan())
        {
            if (!known.TryGetValue(sequence.Request, out var summary) || summary.Worker != snapshot.Worker || summary.State != SummaryState.Running
                || sequence.Epoch < asked[sequence.Request].Epoch)
                continue; // of a turn that is over: it was parked then
            var grown = summary with { ContextTokens = Math.Max(summary.ContextTokens, sequence.ContextTokens) };
            if (sequence.Phase == SequencePhase.Parked)
                Enter(grown, Waits(sequence.Request), now, snapshot.Worker);
            else
                known[sequence.Request] = grown;
        }
    }

    /// <summary>A segment is over: the request with it, or its tools have returned.</summary>
    public void Learned(SegmentOutcome outcome, double now)
    {
        if (!known.TryGetValue(outcome.Request, out var summary))
            return;
        if (outcome.Segment == summary.Segments.Length) // told twice, or one was missed: then it is no whole life
            summary = summary with { Segments = summary.Segments.Add(outcome) };
        if (outcome.Ended)
        {
            End(summary, SummaryState.Finished, now);
            return;
        }

        // No report may have come while it was parked: the tools' own time says since when.
        var seconds = outcome.Tools.Length == 0 ? 0 : outcome.Tools.Max(tool => tool.Seconds);
        if (summary.State == SummaryState.Running)
            summary = Entered(summary, Waits(outcome.Request), Math.Max(now - seconds, summary.Spans is [.., var last] ? last.From : 0), summary.Worker);
        known[outcome.Request] = summary;
    }

    /// <summary>It waits no longer and did not say that it finished; one that comes back is taken up again.</summary>
    public void Withdrawn(string request, double now)
    {
        if (known.TryGetValue(request, out var summary) && !summary.IsOver())
            End(summary, SummaryState.Cancelled, now);
    }

    private SummaryState Waits(string request) =>
        asked.GetValueOrDefault(request).ToolUse == ToolUse.Server ? SummaryState.CallingTools : SummaryState.Parked;

    private void End(RequestSummary summary, SummaryState state, double now)
    {
        if (!summary.IsOver())
            ended.Enqueue(summary.Request);
        known[summary.Request] = summary with { State = state, EndedAt = now, Spans = Closed(summary.Spans, now) };
    }

    private void Enter(RequestSummary summary, SummaryState state, double now, string? worker) =>
        known[summary.Request] = Entered(summary, state, now, worker);

    private static RequestSummary Entered(RequestSummary summary, SummaryState state, double now, string? worker)
    {
        var spans = Closed(summary.Spans, now).Add(new RequestSpan(state, now, null, worker));
        return summary with { State = state, Spans = spans.Length > MostSpans ? spans[^MostSpans..] : spans };
    }

    private static ImmutableArray<RequestSpan> Closed(ImmutableArray<RequestSpan> spans, double now) =>
        spans is [.., { To: null } last] ? spans.SetItem(spans.Length - 1, last with { To = Math.Max(last.From, now) }) : spans;

    private void MakeRoom()
    {
        while (known.Count >= capacity)
        {
            var name = ended.TryDequeue(out var over) ? over : arrived.Dequeue();
            if (name == over && known.TryGetValue(name, out var summary) && !summary.IsOver())
                continue; // it has come back since
            known.Remove(name);
            asked.Remove(name);
        }

        if (arrived.Count < 2 * capacity)
            return;
        string[] left = [.. arrived.Where(known.ContainsKey)];
        arrived.Clear();
        foreach (var name in left)
            arrived.Enqueue(name);
    }
}
