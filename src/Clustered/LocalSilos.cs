namespace Pharos.Clustered;

/// <summary>The silos of this process, by name.</summary>
public interface ILocalSilos
{
    IReadOnlyList<string> Names { get; }
}

internal sealed class LocalSilos(ILocalSiloDetails silo) : ILocalSilos
{
    public IReadOnlyList<string> Names { get; } = [silo.Name];
}
