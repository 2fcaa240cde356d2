using System.Reflection;
using System.Text;

namespace Pharos.InProcess;

/// <summary>Which fields of a type travel: those with an [Id], their own or their property's, and the positional members of records.</summary>
internal static class SerializedMembers
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly HashSet<Type> Tuples =
    [
        typeof(KeyValuePair<,>), typeof(Tuple<>), typeof(Tuple<,>), typeof(Tuple<,,>), typeof(Tuple<,,,>), typeof(ValueTuple<>), typeof(ValueTuple<,>), typeof(ValueTuple<,,>),
        typeof(ValueTuple<,,,>), typeof(ValueTuple<,,,,>), typeof(ValueTuple<,,,,,>), typeof(ValueTuple<,,,,,,>),
    ];

    /// <summary>Null when the type is not marked with [GenerateSerializer].</summary>
    public static IReadOnlyList<FieldInfo>? Of(Type type)
    {
        if (type.IsGenericType && Tuples.Contains(type.GetGenericTypeDefinition())) return type.GetFields(Own);
        if (!type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)) return null;

        var fields = new List<FieldInfo>();
        for (var at = type; at is not null && at != typeof(object) && at != typeof(ValueType); at = at.BaseType)
        {
            if (at.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)) fields.AddRange(OfOneLevel(at));
        }

        return fields;
    }

    private static IEnumerable<FieldInfo> OfOneLevel(Type type)
    {
        var positional = PositionalMembers(type);
        foreach (var field in type.GetFields(Own))
        {
            if (field.IsDefined(typeof(IdAttribute))) yield return field;
        }

        foreach (var property in type.GetProperties(Own))
        {
            var marked = property.IsDefined(typeof(IdAttribute));
            if (!marked && !positional.Contains(property.Name)) continue;
            if (type.GetField($"<{property.Name}>k__BackingField", Own) is { } field) yield return field;
            else if (marked) throw new CodecNotFoundException($"{type}.{property.Name} has an [Id] but no field of its own: mark the field behind it instead.");
        }
    }

    private static HashSet<string> PositionalMembers(Type type)
    {
        var isRecord = type.GetMethod("PrintMembers", Own, [typeof(StringBuilder)]) is not null;
        if (!isRecord && type.GetCustomAttribute<GenerateSerializerAttribute>() is not { IncludePrimaryConstructorParameters: true }) return [];
        var properties = type.GetProperties(Own).Select(p => p.Name).ToHashSet();
        return type.GetConstructors(Own)
            .Select(c => c.GetParameters().Select(p => p.Name!).ToHashSet())
            .Where(names => names.Count > 0 && names.IsSubsetOf(properties))
            .MaxBy(names => names.Count) ?? [];
    }
}
