using Orleans.Runtime.Placement;

namespace Pharos.Clustered;

/// <summary>The silo that has the device: the grain's key is <c>POOL/SILO/DEVICE</c>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class DevicePlacementAttribute() : PlacementAttribute(new DevicePlacement());

/// <inheritdoc cref="DevicePlacementAttribute"/>
[Serializable, GenerateSerializer, Immutable, SuppressReferenceTracking]
public sealed class DevicePlacement : PlacementStrategy;

/// <summary>Finds the active silo of that name. A device that is not there is an error, never another silo's device.</summary>
public sealed class DevicePlacementDirector(IClusterMembershipService membership) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var key = target.GrainIdentity.Key.ToString()!;
        var parts = key.Split('/');
        if (parts.Length != 3)
            throw new OrleansException($"{target.GrainIdentity} is placed by device, so its key must be POOL/SILO/DEVICE; came '{key}'.");
        var compatible = context.GetCompatibleSilos(target);
        var active = membership.CurrentSnapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).ToList();
        var home = active.FirstOrDefault(member => member.Name == parts[1] && compatible.Contains(member.SiloAddress));
        return home is not null
            ? Task.FromResult(home.SiloAddress)
            : throw new OrleansException($"{target.GrainIdentity} lives on the silo '{parts[1]}', which is not there; there are: {string.Join(", ", active.Select(member => member.Name))}.");
    }
}
