namespace Pharos.InProcess;

/// <summary>The base class of grains: its members are valid from the constructor on.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    protected Grain()
    {
        GrainContext = Activation.UnderConstruction
            ?? throw new InvalidOperationException($"{GetType().Name} was created with 'new'; grains are created by the host: call IGrainFactory.GetGrain and one of its methods.");
    }

    public IGrainContext GrainContext { get; }

    protected IGrainFactory GrainFactory => ((Activation)GrainContext).Silo.GrainFactory;

    protected internal IServiceProvider ServiceProvider => GrainContext.ActivationServices;

    /// <summary>The name of the silo this activation lives on.</summary>
    public string RuntimeIdentity => ((Activation)GrainContext).Silo.Name;

    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends this activation once its running requests are done; later calls make a new one.</summary>
    protected void DeactivateOnIdle() => GrainBaseExtensions.DeactivateOnIdle(this);

    /// <summary>Exempts the activation from idle collection for <paramref name="timeSpan"/>; a negative span takes that back.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => ((Activation)GrainContext).DelayDeactivation(timeSpan);
}

/// <summary>What the host knows of one activation.</summary>
public interface IGrainContext
{
    GrainId GrainId { get; }
    object? GrainInstance { get; }

    /// <summary>The services of the activation's silo.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the activation has ended, in whatever way.</summary>
    Task Deactivated { get; }

    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}

public static class GrainExtensions
{
    /// <summary>The grain's key, of a grain itself or of a reference to one.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.Text;

    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.Target.GrainId,
        IGrainBase instance => instance.GrainContext.GrainId,
        _ => throw new ArgumentException($"A grain or a reference to a grain was expected, came {grain.GetType()}.", nameof(grain)),
    };

    /// <summary>A reference that may be sent to others, of a grain itself or of a reference to one.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) => grain switch
    {
        GrainReference reference => (TGrainInterface)(object)reference.Cast(typeof(TGrainInterface)),
        IGrainBase { GrainContext: Activation activation } => (TGrainInterface)(object)activation.Silo.GrainFactory.Reference(typeof(TGrainInterface), activation.GrainId),
        _ => throw new ArgumentException($"A grain or a reference to a grain was expected, came {grain.GetType()}.", nameof(grain)),
    };

    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();
}
