using Pharos.Scheduling.Fairness;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Pool;

/// <summary>A worker as its pool sees it: its last report, and the turns handed out since. Figures are counted once a report and adjusted a turn.</summary>
internal sealed class PoolWorker
{
    private readonly Dictionary<string, Turn> coming = new(StringComparer.Ordinal);
    private readonly List<string> arrived = [];
    private int reportedBlocks, reportedSequences, reportedWaiting, promisedBlocks;
    private double promisedLoad;

    public WorkerSnapshot Snapshot { get; private set; } = null!;

    public double SeenAt { get; private set; }

    /// <summary>It did not answer: it gets nothing until it reports.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>Its place among the pool's workers.</summary>
    public int Index { get; set; }

    public int LargestContext => Math.Min(Snapshot.Kv.DeviceBlocks * Snapshot.Kv.BlockSize, Snapshot.MaxPositions);

    public RouteCandidate Candidate(PoolLimits limits)
    {
        var sequences = reportedSequences + coming.Count;
        return new RouteCandidate(
            Snapshot.Worker, Snapshot.State == WorkerState.Active && !IsSuspect ? SeenAt + limits.WorkerTimeout : double.NegativeInfinity, LargestContext,
            (reportedBlocks - promisedBlocks) * Snapshot.Kv.BlockSize, Snapshot.Kv.DeviceBlocks * Snapshot.Kv.BlockSize, sequences,
            reportedWaiting + coming.Count, Snapshot.MaxSequences + limits.Lookahead - sequences, Snapshot.Load + promisedLoad, Snapshot.Profile);
    }

    public bool Expects(string request, int epoch) => coming.TryGetValue(request, out var turn) && turn.Epoch >= epoch;

    public void Expect(RequestDescriptor request, double load, double now)
    {
        var turn = new Turn(request.Epoch, Blocks(request.ContextTokens + 1), load, now, request.Tenant);
        coming[request.Request] = turn;
        promisedBlocks += turn.Blocks;
        promisedLoad += turn.Load;
    }

    public void Forget(string request)
    {
        if (!coming.Remove(request, out var turn))
            return;
        promisedBlocks -= turn.Blocks;
        promisedLoad = coming.Count == 0 ? 0 : promisedLoad - turn.Load;
    }

    /// <summary>Adds what tenants' sequences here, and those on their way, are still expected to need.</summary>
    public void AddExpected(FairShare shares)
    {
        if (!Snapshot.Tenants.IsDefault)
        {
            foreach (ref readonly var use in Snapshot.Tenants.AsSpan())
                shares.Expect(use.Tenant, use.Load);
        }

        foreach (var turn in coming.Values)
            shares.Expect(turn.Tenant, turn.Load);
    }

    /// <summary>A newer report.</summary>
    public void Take(WorkerSnapshot snapshot, double now, double timeout, Dictionary<string, PoolWorker> onTheWay)
    {
        Snapshot = snapshot;
        SeenAt = now;
        IsSuspect = false;
        reportedBlocks = snapshot.Kv.DeviceFree + snapshot.Kv.DeviceParked;
        reportedSequences = reportedWaiting = 0;
        foreach (ref readonly var sequence in snapshot.Sequences.AsSpan())
        {
            // Parked or not, it has come.
            if (coming.Count > 0 && coming.TryGetValue(sequence.Request, out var turn) && sequence.Epoch >= turn.Epoch)
                arrived.Add(sequence.Request);
            if (sequence.Phase == SequencePhase.Parked)
                continue;
            reportedSequences++;
            if (sequence.Phase == SequencePhase.Waiting)
            {
                reportedWaiting++;
                reportedBlocks -= Blocks(sequence.ContextTokens) - Blocks(sequence.DeviceTokens);
            }
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
    }

    /// <summary>What of a parked cache is in which tier, by the last report.</summary>
    public (int DeviceTokens, int HostTokens) CacheOf(string request)
    {
        foreach (ref readonly var sequence in Snapshot.Sequences.AsSpan())
        {
            if (sequence.Phase == SequencePhase.Parked && sequence.Request == request)
                return (sequence.DeviceTokens, sequence.HostTokens);
        }

        return default;
    }

    /// <summary>It is gone, and with it all it ran and was about to get.</summary>
    public void GiveUp(List<LostSequence> lost, Dictionary<string, PoolWorker> onTheWay)
    {
        foreach (var sequence in Snapshot.Sequences)
        {
            if (sequence.Phase != SequencePhase.Parked && !coming.ContainsKey(sequence.Request)) // what comes has a newer epoch
                lost.Add(new LostSequence(sequence.Request, sequence.Epoch, Snapshot.Worker));
        }

        foreach (var (request, turn) in coming)
        {
            onTheWay.Remove(request);
            lost.Add(new LostSequence(request, turn.Epoch, Snapshot.Worker));
        }
    }

    private int Blocks(int tokens) => (tokens + Snapshot.Kv.BlockSize - 1) / Snapshot.Kv.BlockSize;

    private readonly record struct Turn(int Epoch, int Blocks, double Load, double At, string Tenant);
}
