using System.Collections.Concurrent;

namespace Pharos.InProcess;

/// <summary>Which activation a grain has. One directory for all silos, so there is never a second activation of a grain.</summary>
internal sealed class GrainDirectory(InProcessCluster cluster)
{
    private readonly ConcurrentDictionary<GrainId, Activation> activations = new();
    private readonly Lock placing = new();

    public IEnumerable<Activation> All => activations.Values;

    /// <summary>The grain's activation, if it has one.</summary>
    public Activation? Find(GrainId grain) => activations.GetValueOrDefault(grain);

    /// <summary>The grain's activation, made and placed if there is none; null if the call must not make one.</summary>
    /// <exception cref="OrleansException">No silo can take it.</exception>
    public Activation? Locate(GrainTarget target, Call call)
    {
        if (activations.TryGetValue(target.GrainId, out var activation)) return activation;
        if (!call.MayActivate) return null;
        lock (placing)
        {
            if (activations.TryGetValue(target.GrainId, out activation)) return activation;
            activation = new Activation(cluster.PlaceOn(target, call.Caller.Silo), target);
            activation.Silo.Add(activation);
            activations[target.GrainId] = activation;
        }

        activation.Start();
        return activation;
    }

    public void Remove(Activation activation)
    {
        Forget(activation);
        activation.Silo.Remove(activation);
    }

    /// <summary>The grain may have another activation, wherever this one is.</summary>
    public void Forget(Activation activation) => activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation));

    /// <summary>Runs while nothing is being placed, so that a silo that leaves gets no activation afterwards.</summary>
    public void WithoutPlacing(Action change)
    {
        lock (placing) change();
    }
}
