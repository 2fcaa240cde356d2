using System.Runtime.InteropServices;
using Pharos.Scheduling.Routing;

namespace Pharos.Scheduling.Pool;

/// <summary>The workers of a pool in order of name, what each of them holds, and what routing sees of them.</summary>
internal sealed class WorkerRoster(PoolLimits limits)
{
    private readonly Dictionary<string, PoolWorker> byName = new(StringComparer.Ordinal);
    private readonly List<PoolWorker> workers = [];
    private readonly List<RouteCandidate> candidates = []; // [worker.Index]
    private readonly Dictionary<string, (PoolWorker Worker, int Epoch)> held = new(StringComparer.Ordinal); // what runs or waits on a device

    public IReadOnlyList<PoolWorker> Workers => workers;

    public ReadOnlySpan<RouteCandidate> Candidates => CollectionsMarshal.AsSpan(candidates);

    /// <summary>Longest context that fits any worker; null while none has reported.</summary>
    public int? LargestContext => workers.Count == 0 ? null : workers.Max(worker => worker.LargestContext);

    /// <summary>KV tokens of a worker's device, in the mean; 0 while none has reported.</summary>
    public int MeanCapacity
    {
        get
        {
            var tokens = 0L;
            foreach (var worker in workers)
                tokens += (long)worker.Snapshot.Kv.DeviceBlocks * worker.Snapshot.Kv.BlockSize;
            return workers.Count == 0 ? 0 : (int)Math.Min(int.MaxValue, tokens / workers.Count);
        }
    }

    /// <summary>All run the same model: a cache is of use to any.</summary>
    public bool IsUniform
    {
        get
        {
            for (var i = 1; i < workers.Count; i++)
            {
                if (workers[i].Snapshot.Model != workers[0].Snapshot.Model)
                    return false;
            }

            return true;
        }
    }

    public PoolWorker? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>A worker runs it, or it waits there, under that epoch or a later one.</summary>
    public bool Holds(string request, int epoch) => held.TryGetValue(request, out var here) && here.Epoch >= epoch;

    /// <summary>Takes a report unless it is older than the last.</summary>
    public void Report(WorkerSnapshot snapshot, double now, List<LostSequence> lost, Dictionary<string, PoolWorker> onTheWay)
    {
        if (!byName.TryGetValue(snapshot.Worker, out var worker))
        {
            byName.Add(snapshot.Worker, worker = new PoolWorker());
            worker.Take(snapshot, now, limits.WorkerTimeout, onTheWay);
            var at = workers.FindIndex(other => string.CompareOrdinal(other.Snapshot.Worker, snapshot.Worker) > 0);
            workers.Insert(at < 0 ? workers.Count : at, worker);
            Renumber();
            Index(worker);
            return;
        }

        var before = worker.Snapshot;
        if ((snapshot.Incarnation, snapshot.Report).CompareTo((before.Incarnation, before.Report)) <= 0)
            return;
        Unindex(worker);
        worker.Take(snapshot, now, limits.WorkerTimeout, onTheWay);
        Index(worker);
        Refresh(worker);
        if (snapshot.Incarnation > before.Incarnation)
            AddLost(before, worker, lost);
    }

    public void Remove(PoolWorker worker)
    {
        Unindex(worker);
        byName.Remove(worker.Snapshot.Worker);
        workers.Remove(worker);
        Renumber();
    }

    /// <summary>To be called after what the pool knows of a worker has changed.</summary>
    public void Refresh(PoolWorker worker) => candidates[worker.Index] = worker.Candidate(limits);

    // What an earlier incarnation ran and this one does not hold is lost.
    private void AddLost(WorkerSnapshot before, PoolWorker worker, List<LostSequence> lost)
    {
        foreach (var sequence in before.Sequences)
        {
            if (sequence.Phase == SequencePhase.Parked)
                continue;
            if (!held.TryGetValue(sequence.Request, out var here) || here.Worker != worker || here.Epoch < sequence.Epoch)
                lost.Add(new LostSequence(sequence.Request, sequence.Epoch, before.Worker));
        }
    }

    private void Index(PoolWorker worker)
    {
        foreach (ref readonly var sequence in worker.Snapshot.Sequences.AsSpan())
        {
            if (sequence.Phase == SequencePhase.Parked)
                continue;
            ref var here = ref CollectionsMarshal.GetValueRefOrAddDefault(held, sequence.Request, out var known);
            if (!known || here.Epoch <= sequence.Epoch)
                here = (worker, sequence.Epoch);
        }
    }

    private void Unindex(PoolWorker worker)
    {
        foreach (ref readonly var sequence in worker.Snapshot.Sequences.AsSpan())
        {
            if (sequence.Phase != SequencePhase.Parked && held.TryGetValue(sequence.Request, out var here) && here.Worker == worker)
                held.Remove(sequence.Request);
        }
    }

    private void Renumber()
    {
        candidates.Clear();
        for (var i = 0; i < workers.Count; i++)
        {
            workers[i].Index = i;
            candidates.Add(workers[i].Candidate(limits));
        }
    }
}
