using System.Reflection;

namespace Pharos.InProcess;

/// <summary>What the host knows of a grain class, read once from its attributes.</summary>
internal sealed class GrainClass
{
    public GrainClass(Type type, string name)
    {
        Type = type;
        GrainType = new GrainType(name);
        Reentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        Placement = type.GetCustomAttribute<PlacementAttribute>(inherit: true)?.PlacementStrategy ?? ActivationCountBasedPlacement.Singleton;
        AgeLimit = type.IsDefined(typeof(KeepAliveAttribute), inherit: true) ? TimeSpan.MaxValue : type.GetCustomAttribute<CollectionAgeLimitAttribute>(inherit: true)?.AgeLimit;
        Constructor = new GrainConstructor(type);
    }

    public Type Type { get; }
    public GrainType GrainType { get; }
    public bool Reentrant { get; }
    public PlacementStrategy Placement { get; }

    /// <summary>How long an idle activation is kept; null: the cluster's default.</summary>
    public TimeSpan? AgeLimit { get; }

    public GrainConstructor Constructor { get; }
}
