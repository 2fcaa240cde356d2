namespace Pharos.Scheduling.Pool;

/// <summary>A worker as its pool sees it: its last report, and the turns handed out since. Figures are counted once a report and adjusted a turn.</summary>
internal sealed class PoolWorker
{
    private readonly Dictionary<string, int> held = new(StringComparer.Ordinal); // request -> epoch of what runs or waits there
    private readonly Dictionary<string, Turn> coming = new(StringComparer.Ordinal);
    private readonly List<string> arrived = [];
    private int reportedBlocks, promisedBlocks;

    public WorkerSnapshot Snapshot { get; private set; } = null!;

    public double SeenAt { get; private set; }

    /// <summary>It did not answer: it gets nothing until it reports.</summary>
    public bool IsSuspect { get; set; }

    public int LargestContext => Math.Min(Snapshot.Kv.DeviceBlocks * Snapshot.Kv.BlockSize, Snapshot.MaxPositions);

    /// <summary>Blocks free or lent to parked caches, less what is promised to sequences that wait there or are on their way.</summary>
    public int FreeBlocks => reportedBlocks - promisedBlocks;

    public double FreeShare => (double)FreeBlocks / Snapshot.Kv.DeviceBlocks - 0.01 * (coming.Count + held.Count);

    public bool Takes(double now, PoolLimits limits) =>
        Snapshot.State == WorkerState.Active && !IsSuspect && now - SeenAt <= limits.WorkerTimeout;

    /// <summary>Sequences that may still be handed over.</summary>
    public int Room(PoolLimits limits) => Snapshot.MaxSequences + limits.Lookahead - coming.Count - held.Count;

    public int BlocksFor(RequestDescriptor request) => Blocks(request.ContextTokens + 1);

    public bool Holds(string request, int epoch) => held.TryGetValue(request, out var here) && here >= epoch;

    public bool Expects(string request, int epoch) => coming.TryGetValue(request, out var turn) && turn.Epoch >= epoch;

    public void Expect(RequestDescriptor request, double now)
    {
        var turn = new Turn(request.Epoch, BlocksFor(request), now);
        coming[request.Request] = turn;
        promisedBlocks += turn.Blocks;
    }

    public void Forget(string request)
    {
        if (coming.Remove(request, out var turn))
            promisedBlocks -= turn.Blocks;
    }

    /// <summary>A newer report. What an earlier incarnation ran and this one does not hold is lost.</summary>
    public void Take(WorkerSnapshot snapshot, double now, double timeout, List<LostSequence> lost, Dictionary<string, PoolWorker> onTheWay)
    {
        var reopened = Snapshot is not null && snapshot.Incarnation > Snapshot.Incarnation;
        var before = reopened ? held.ToArray() : [];
        Snapshot = snapshot;
        SeenAt = now;
        IsSuspect = false;
        held.Clear();
        reportedBlocks = snapshot.Kv.DeviceFree + snapshot.Kv.DeviceParked;
        foreach (var sequence in snapshot.Sequences)
        {
            // Parked or not, it has come.
            if (coming.TryGetValue(sequence.Request, out var turn) && sequence.Epoch >= turn.Epoch)
                arrived.Add(sequence.Request);
            if (sequence.Phase == SequencePhase.Parked)
                continue;
            held[sequence.Request] = sequence.Epoch;
            if (sequence.Phase == SequencePhase.Waiting)
                reportedBlocks -= Blocks(sequence.ContextTokens) - Blocks(sequence.DeviceTokens);
        }

        foreach (var (request, turn) in coming)
        {
            if (now - turn.At > timeout)
                arrived.Add(request);
        }

        foreach (var request in arrived)
        {
            Forget(request);
            if (onTheWay.TryGetValue(request, out var there) && there == this)
                onTheWay.Remove(request);
        }

        arrived.Clear();
        foreach (var (request, epoch) in before)
        {
            if (!Holds(request, epoch))
                lost.Add(new LostSequence(request, epoch, snapshot.Worker));
        }
    }

    /// <summary>It is gone, and with it all it ran and was about to get.</summary>
    public void GiveUp(List<LostSequence> lost, Dictionary<string, PoolWorker> onTheWay)
    {
        foreach (var (request, epoch) in held)
            lost.Add(new LostSequence(request, epoch, Snapshot.Worker));
        foreach (var (request, turn) in coming)
        {
            onTheWay.Remove(request);
            if (!held.ContainsKey(request))
                lost.Add(new LostSequence(request, turn.Epoch, Snapshot.Worker));
        }
    }

    private int Blocks(int tokens) => (tokens + Snapshot.Kv.BlockSize - 1) / Snapshot.Kv.BlockSize;

    private readonly record struct Turn(int Epoch, int Blocks, double At);
}
