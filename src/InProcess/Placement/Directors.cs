namespace Pharos.InProcess;

internal sealed class RandomPlacementDirector : IPlacementDirector
{
    public string OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return silos[context.NextRandom(silos.Count)].Name;
    }
}

internal sealed class ActivationCountBasedPlacementDirector : IPlacementDirector
{
    public string OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        context.GetCompatibleSilos(target).MinBy(silo => silo.ActivationCount).Name;
}

internal sealed class PreferLocalPlacementDirector : IPlacementDirector
{
    public string OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return silos.Any(silo => silo.Name == context.LocalSilo) ? context.LocalSilo! : silos.MinBy(silo => silo.ActivationCount).Name;
    }
}

internal sealed class HashBasedPlacementDirector : IPlacementDirector
{
    public string OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return silos[(int)(target.GrainIdentity.GetUniformHashCode() % (uint)silos.Count)].Name;
    }
}

internal sealed class DevicePlacementDirector : IPlacementDirector
{
    public string OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var parts = target.GrainIdentity.Key.Text.Split('/');
        if (parts.Length != 3) throw new OrleansException($"{target.GrainIdentity} is placed by device, so its key must be POOL/SILO/DEVICE; came '{target.GrainIdentity.Key}'.");

        var silos = context.GetCompatibleSilos(target);
        return silos.Any(silo => silo.Name == parts[1])
            ? parts[1]
            : throw new OrleansException($"{target.GrainIdentity} lives on the silo '{parts[1]}', which is not there; there are: {string.Join(", ", silos.Select(silo => silo.Name))}.");
    }
}
