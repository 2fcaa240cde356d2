using System.Collections.Concurrent;

namespace Pharos.InProcess;

/// <summary>Copies an object and what it holds; <c>context</c> is the message's.</summary>
internal delegate object Copier(object source, CopyContext context);

/// <summary>
/// Copies messages and stored state the way an encoding would: what Orleans' serializer could not carry is refused here too, so that a mistake
/// shows in one process and not first in a cluster.
/// </summary>
internal static class DeepCopier
{
    private static readonly ConcurrentDictionary<Type, Copier?> Copiers = new();

    /// <exception cref="CodecNotFoundException">A type in the object graph cannot travel.</exception>
    public static T Copy<T>(T value, GrainFactory? receiver = null)
    {
        if (value is null || For(value.GetType()) is null) return value;
        return (T)new CopyContext(receiver).Copy(value)!;
    }

    /// <summary>The copier of an object of exactly this type; null where the object itself may be handed on.</summary>
    public static Copier? For(Type type) => Copiers.TryGetValue(type, out var copier) ? copier : Copiers.GetOrAdd(type, Build);

    private static Copier? Build(Type type)
    {
        if (SharedTypes.Contains(type)) return null;
        if (type.IsSubclassOf(typeof(GrainReference))) return (source, context) => context.Receiver is { } to ? ((GrainReference)source).BoundTo(to) : source;
        if (typeof(IGrainBase).IsAssignableFrom(type)) throw new CodecNotFoundException($"{type.Name} is a grain itself, not a reference to one: send this.AsReference<INTERFACE>().");
        if (typeof(IGrainObserver).IsAssignableFrom(type)) throw new CodecNotFoundException($"{type.Name} is an observer itself, not a reference to one: send IGrainFactory.CreateObjectReference<INTERFACE>(observer).");
        if (CollectionCopiers.For(type) is { } collection) return collection;
        if (SerializedMembers.Of(type) is { } members) return MemberCopier.Emit(type, members);
        throw new CodecNotFoundException($"{type} cannot be sent or stored: it is no known collection and has no [GenerateSerializer]. Mark it and its members ([Id(n)]), or send another type.");
    }
}
