using System.Collections.Immutable;
using System.Reflection;

namespace Pharos.InProcess;

/// <summary>Types whose objects nobody can change, or has promised not to: they are handed on as they are.</summary>
internal static class SharedTypes
{
    private static readonly HashSet<Type> Atoms =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly), typeof(Guid), typeof(Half),
        typeof(Int128), typeof(UInt128), typeof(System.Numerics.BigInteger), typeof(Uri), typeof(Version), typeof(CancellationToken), typeof(GrainId), typeof(GrainType),
        typeof(IdSpan), typeof(object), typeof(System.Net.IPAddress), typeof(System.Globalization.CultureInfo), typeof(NoResult),
    ];

    private static readonly HashSet<Type> ImmutableContainers =
    [
        typeof(Nullable<>), typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableDictionary<,>), typeof(ImmutableHashSet<>), typeof(ImmutableSortedDictionary<,>),
        typeof(ImmutableSortedSet<>), typeof(ImmutableQueue<>), typeof(ImmutableStack<>), typeof(KeyValuePair<,>), typeof(Tuple<>), typeof(Tuple<,>), typeof(Tuple<,,>),
        typeof(ValueTuple<>), typeof(ValueTuple<,>), typeof(ValueTuple<,,>), typeof(ValueTuple<,,,>), typeof(ValueTuple<,,,,>), typeof(ValueTuple<,,,,,>), typeof(ValueTuple<,,,,,,>),
    ];

    /// <summary>Whether an object whose runtime type is <paramref name="type"/> is handed on uncopied.</summary>
    public static bool Contains(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || Atoms.Contains(type) || typeof(Type).IsAssignableFrom(type) || typeof(Exception).IsAssignableFrom(type)) return true;
        if (type.IsDefined(typeof(ImmutableAttribute), inherit: false)) return true;
        if (!type.IsGenericType || !ImmutableContainers.Contains(type.GetGenericTypeDefinition())) return false;
        return type.GetGenericArguments().All(ContainsDeclared);
    }

    /// <summary>Whether anything that a member declared as <paramref name="type"/> can hold is handed on uncopied; decided once, when copiers are built.</summary>
    public static bool ContainsDeclared(Type type) => (type.IsValueType || type.IsSealed) && type != typeof(object) && Contains(type);
}
