namespace Pharos.InProcess;

/// <summary>How the silo of a new activation is chosen; an <see cref="IPlacementDirector"/> carries it out.</summary>
public abstract class PlacementStrategy;

/// <summary>On a grain class: its placement strategy.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public abstract class PlacementAttribute(PlacementStrategy placement) : Attribute
{
    public PlacementStrategy PlacementStrategy { get; } = placement ?? throw new ArgumentNullException(nameof(placement));
}

/// <summary>Any silo, by lot.</summary>
public sealed class RandomPlacement : PlacementStrategy
{
    internal static RandomPlacement Singleton { get; } = new();
}

/// <summary>The caller's silo; for callers outside silos, the emptiest.</summary>
public sealed class PreferLocalPlacement : PlacementStrategy
{
    internal static PreferLocalPlacement Singleton { get; } = new();
}

/// <summary>Always the same silo for a key, while the silos stay the same.</summary>
public sealed class HashBasedPlacement : PlacementStrategy
{
    internal static HashBasedPlacement Singleton { get; } = new();
}

/// <summary>The silo with the fewest activations. The default.</summary>
public sealed class ActivationCountBasedPlacement : PlacementStrategy
{
    internal static ActivationCountBasedPlacement Singleton { get; } = new();
}

/// <summary>The silo that has the device: the grain's key is <c>POOL/SILO/DEVICE</c>.</summary>
public sealed class DevicePlacement : PlacementStrategy
{
    internal static DevicePlacement Singleton { get; } = new();
}

/// <inheritdoc cref="RandomPlacement"/>
public sealed class RandomPlacementAttribute() : PlacementAttribute(RandomPlacement.Singleton);

/// <inheritdoc cref="PreferLocalPlacement"/>
public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(PreferLocalPlacement.Singleton);

/// <inheritdoc cref="HashBasedPlacement"/>
public sealed class HashBasedPlacementAttribute() : PlacementAttribute(HashBasedPlacement.Singleton);

/// <inheritdoc cref="ActivationCountBasedPlacement"/>
public sealed class ActivationCountBasedPlacementAttribute() : PlacementAttribute(ActivationCountBasedPlacement.Singleton);

/// <inheritdoc cref="DevicePlacement"/>
public sealed class DevicePlacementAttribute() : PlacementAttribute(DevicePlacement.Singleton);
