using System.Reflection;

namespace Pharos.InProcess;

/// <summary>What a caller holds of a grain or an observer. Equal to every other reference to the same one.</summary>
public class GrainReference : DispatchProxy, IAddressable, IEquatable<GrainReference>
{
    internal CallTarget Target { get; private set; } = null!;
    internal GrainFactory Factory { get; private set; } = null!;
    internal Type InterfaceType { get; private set; } = null!;

    public GrainId GrainId => Target.GrainId;

    internal static GrainReference Create(Type interfaceType, CallTarget target, GrainFactory factory)
    {
        var reference = (GrainReference)DispatchProxy.Create(interfaceType, typeof(GrainReference));
        reference.Target = target;
        reference.Factory = factory;
        reference.InterfaceType = interfaceType;
        return reference;
    }

    internal GrainReference BoundTo(GrainFactory factory) => ReferenceEquals(factory, Factory) ? this : Create(InterfaceType, Target, factory);

    internal GrainReference Cast(Type interfaceType) => interfaceType.IsInstanceOfType(this) ? this : Create(interfaceType, Target, Factory);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        // A turn of a silo calls from there, whoever made the reference.
        var caller = (TaskScheduler.Current as TurnQueue)?.Silo?.GrainFactory ?? Factory;
        return MethodPlan.For(targetMethod!).Send(caller, Target, args ?? []);
    }

    public bool Equals(GrainReference? other) => other is not null && GrainId == other.GrainId;
    public override bool Equals(object? obj) => Equals(obj as GrainReference);
    public override int GetHashCode() => GrainId.GetHashCode();
    public override string ToString() => $"{InterfaceType.Name} {GrainId}";
}
