namespace Pharos.InProcess;

/// <summary>Chooses the silo of a new activation. Synchronous: everything it may want to know is in the process.</summary>
public interface IPlacementDirector
{
    /// <returns>The name of one of the context's silos.</returns>
    /// <exception cref="OrleansException">None will do; the message says which there are.</exception>
    string OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);
}

/// <summary>What is to be placed.</summary>
public readonly record struct PlacementTarget(GrainId GrainIdentity);

/// <summary>A silo that takes activations, and how many it has.</summary>
public readonly record struct SiloLoad(string Name, int ActivationCount);

/// <summary>Where it may be placed.</summary>
public interface IPlacementContext
{
    /// <summary>In the order of their names; never empty.</summary>
    IReadOnlyList<SiloLoad> GetCompatibleSilos(PlacementTarget target);

    /// <summary>The caller's silo; null for a caller outside silos.</summary>
    string? LocalSilo { get; }

    /// <summary>From the cluster's seed.</summary>
    int NextRandom(int exclusiveUpperBound);
}

public static class PlacementStrategyExtensions
{
    /// <summary>Names the director of a strategy of your own, in the host's services.</summary>
    public static void AddPlacementDirector<TStrategy, TDirector>(this IServiceCollection services)
        where TStrategy : PlacementStrategy, new()
        where TDirector : class, IPlacementDirector => services.AddKeyedSingleton<IPlacementDirector, TDirector>(typeof(TStrategy));
}
