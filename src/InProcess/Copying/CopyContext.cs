namespace Pharos.InProcess;

/// <summary>One message's copy: an object met twice is copied once, so that shared and circular references survive.</summary>
internal sealed class CopyContext(GrainFactory? receiver)
{
    private Dictionary<object, object>? copies;

    /// <summary>References in the message are bound to the receiver's silo: calls through them come from there.</summary>
    public GrainFactory? Receiver => receiver;

    public object? Copy(object? source)
    {
        if (source is null || DeepCopier.For(source.GetType()) is not { } copier) return source;
        return copies is not null && copies.TryGetValue(source, out var done) ? done : copier(source, this);
    }

    public void Track(object source, object copy) => (copies ??= new(ReferenceEqualityComparer.Instance)).TryAdd(source, copy);
}
