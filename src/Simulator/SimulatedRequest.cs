using Pharos.Scheduling.Worker;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator;

/// <summary>One request on its way through the simulation.</summary>
public sealed class SimulatedRequest(int index, Arrival arrival)
{
    /// <summary>Its place among the arrivals: the same for every policy.</summary>
    public int Index => index;

    public string Id { get; } = $"r{index}";

    public Session Session => arrival.Session;

    /// <summary>Seconds from the start.</summary>
    public double ArrivedAt => arrival.At;

    /// <summary>The segment it runs, waits for, or that its tool belongs to.</summary>
    public int Segment { get; internal set; }

    public double? FirstTokenAt { get; internal set; }

    public double? FinishedAt { get; internal set; }

    internal Segment Current => Session.Segments[Segment];

    /// <summary>Tokens of the running segment that are not out yet.</summary>
    internal int TokensToCome { get; set; } = arrival.Session.Segments[0].CompletionTokens;

    internal SequenceSlot? Slot { get; set; }

    /// <summary>Where <see cref="Slot"/> is.</summary>
    internal SimulatedWorker? Worker { get; set; }

    /// <summary>Tokens that the last tool returned, and how long it took.</summary>
    internal int Returned { get; set; }

    internal double ToolSeconds { get; set; }

    /// <summary>Of all calls before this segment.</summary>
    internal double ToolSecondsSoFar => Session.Segments.Take(Segment).Sum(segment => segment.ToolSeconds);

    /// <summary>Tokens generated in all segments before this one.</summary>
    internal int GeneratedSoFar => Session.Segments.Take(Segment).Sum(segment => segment.CompletionTokens);

    /// <summary>Tokens to have in the cache before its next segment begins.</summary>
    internal int ContextTokens => Slot is null ? Session.PromptTokens : Slot.Length + Returned;
}
