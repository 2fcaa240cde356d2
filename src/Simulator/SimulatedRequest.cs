using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator;

/// <summary>One request on its way through the simulation.</summary>
public sealed class SimulatedRequest(int index, Arrival arrival)
{
    private static readonly GenerationOptions Options = new(int.MaxValue, 0, 1, 0, 0, []);

    /// <summary>Its place among the arrivals: the same for every policy.</summary>
    public int Index => index;

    public string Id { get; } = $"r{index}";

    public Session Session => arrival.Session;

    /// <summary>Seconds from the start.</summary>
    public double ArrivedAt => arrival.At;

    /// <summary>The segment it runs, waits for, or that its tool belongs to.</summary>
    public int Segment { get; internal set; }

    public double? FirstTokenAt { get; internal set; }

    /// <summary>Between its tokens, within segments, seconds.</summary>
    internal List<float> Gaps { get; } = [];

    internal double LastTokenAt { get; set; }

    /// <summary>It got its first token in time, and 99 of 100 of the others.</summary>
    public bool Meets(ServiceObjective objective) =>
        FirstTokenAt - ArrivedAt <= objective.FirstTokenSeconds && Gaps.Count(gap => gap > objective.TokenGapSeconds) <= Gaps.Count / 100;

    /// <summary>Arrival to end without its tools, against what the objective allows for its tokens.</summary>
    public double TimesObjective(ServiceObjective objective) =>
        (FinishedAt!.Value - ArrivedAt - Session.ToolSeconds) / (objective.FirstTokenSeconds + Gaps.Count * objective.TokenGapSeconds);

    public double? FinishedAt { get; internal set; }

    internal Segment Current => Session.Segments[Segment];

    /// <summary>Tokens of the running segment that are not out yet.</summary>
    internal int TokensToCome { get; set; } = arrival.Session.Segments[0].CompletionTokens;

    internal SequenceSlot? Slot { get; set; }

    /// <summary>Where <see cref="Slot"/> is.</summary>
    internal SimulatedWorker? Worker { get; set; }

    /// <summary>Its state machine, the one that live requests have; null before it arrives and once it is done.</summary>
    internal RequestCore? Core { get; private set; }

    /// <summary>It arrives: its tokens are as many as its session says, and all alike.</summary>
    internal IReadOnlyList<RequestEffect> Start(double now)
    {
        Core = new RequestCore(Id, new RequestState(), _ => Tokens(Current.ReturnedTokens));
        return Core.Start(new RequestSpec("simulated", "simulated", "simulated", Tokens(Session.PromptTokens), Options, ToolUse.Server, [Session.Class], [], 0), now);
    }

    /// <summary>All tokens of its segment are out.</summary>
    internal IReadOnlyList<RequestEffect> EndSegment(string worker, SequenceSlot slot, double kvTokenSeconds, PauseReceipt? receipt, double now)
    {
        var end = new SegmentEnd(
            receipt is null ? SegmentEndReason.Stop : SegmentEndReason.ToolCalls, receipt is null ? [] : [new ToolCall(receipt.Call, receipt.Tool, "{}")],
            Core!.State.SegmentStart, Current.CompletionTokens, slot.CachedAtStart, kvTokenSeconds, Math.Max(0, (slot.StartedAt ?? now) - slot.QueuedAt), slot.Preemptions);
        return Core.SegmentEnded(
            new SegmentReport(worker, slot.Epoch, Core.State.SegmentStart, Tokens(Current.CompletionTokens), "", end, receipt), now);
    }

    /// <summary>The call at the end of its segment has returned.</summary>
    internal IReadOnlyList<RequestEffect> ToolReturned(double now) => Core!.ToolsReturned(
        Core.State.SegmentStart, [new ToolResult(Core.State.Calls[0].Id, Current.Tool!, "", Current.ToolSeconds, false)], now);

    /// <summary>The next segment is coming.</summary>
    internal void Advance()
    {
        Segment++;
        TokensToCome = Current.CompletionTokens;
    }

    internal void Finish(double now)
    {
        FinishedAt = now;
        Core = null; // very many requests come and go
    }

    private static ImmutableArray<int> Tokens(int count) => ImmutableCollectionsMarshal.AsImmutableArray(new int[count]);
}
