using System.Collections.Concurrent;

namespace Pharos.InProcess;

/// <summary>The observers that references lead to.</summary>
internal sealed class ObserverTable(InProcessCluster cluster)
{
    private readonly ConcurrentDictionary<GrainId, ObserverTarget> observers = new();
    private int made;

    public int Count => observers.Count;

    public ObserverTarget? Find(GrainId id) => observers.GetValueOrDefault(id);

    public ObserverTarget Add(IGrainObserver observer, Silo? silo)
    {
        var id = GrainId.Create("observer", $"{silo?.Name ?? "client"}/{Interlocked.Increment(ref made)}");
        return observers[id] = new ObserverTarget(cluster, id, observer, silo);
    }

    /// <param name="observer">The object itself or a reference to it.</param>
    public void Remove(IGrainObserver observer)
    {
        foreach (var (id, target) in observers)
        {
            if (observer is GrainReference reference ? reference.GrainId == id : ReferenceEquals(target.Observer, observer)) Drop(id, target);
        }
    }

    public void RemoveOf(Silo silo)
    {
        foreach (var (id, target) in observers.OrderBy(o => o.Key))
        {
            if (ReferenceEquals(target.Silo, silo)) Drop(id, target);
        }
    }

    private void Drop(GrainId id, ObserverTarget target)
    {
        observers.TryRemove(id, out _);
        target.Close();
    }
}
