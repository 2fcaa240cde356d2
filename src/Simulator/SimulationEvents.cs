namespace Pharos.Simulator;

/// <summary>What happens next in virtual time: arrivals, which are known from the start, and what is set up on the way. Ties: arrivals, then first set up.</summary>
internal sealed class SimulationEvents(SimulatedRequest[] arrivals)
{
    private readonly PriorityQueue<SimulationEvent, (double At, long Order)> later = new();
    private int arrived;
    private long order;

    /// <summary>Whether anything is still to come.</summary>
    public bool Any => arrived < arrivals.Length || later.Count > 0;

    public void At(double time, SimulationEvent next) => later.Enqueue(next, (time, order++));

    public bool TryNext(out SimulationEvent next, out double at)
    {
        var hasLater = later.TryPeek(out next, out var due);
        if (arrived < arrivals.Length && (!hasLater || arrivals[arrived].ArrivedAt <= due.At))
        {
            at = arrivals[arrived].ArrivedAt;
            next = new SimulationEvent(SimulationEventKind.Arrival, arrivals[arrived++], null);
            return true;
        }

        at = due.At;
        if (hasLater)
            later.Dequeue();
        return hasLater;
    }
}

internal enum SimulationEventKind
{
    Arrival,
    ToolReturned,
    IterationEnded,

    /// <summary>All workers report to the pool.</summary>
    Reports,
}

internal readonly record struct SimulationEvent(SimulationEventKind Kind, SimulatedRequest? Request, SimulatedWorker? Worker);
