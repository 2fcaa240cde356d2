using System.Collections.Immutable;
using System.Reflection;

namespace Pharos.Clustered.Tests.Serialization;

/// <summary>
/// Makes values of message types: records through their primary constructor, then every property that can still be set. No two
/// numbers or strings are alike, so that members which change places show.
/// </summary>
/// <param name="sparse">What may be missing is missing, arrays are empty, switches are off; else everything is there and no member has its default.</param>
internal sealed class SampleValues(bool sparse)
{
    private readonly NullabilityInfoContext nullability = new();
    private int next = 1000;

    public object Create(Type type)
    {
        if (type == typeof(string))
            return $"text {++next} \u00e9\U0001F3EE";
        if (type == typeof(bool))
            return !sparse;
        if (type.IsEnum)
            return Enum.GetValues(type).GetValue(sparse ? 0 : Enum.GetValues(type).Length - 1)!;
        if (type.IsPrimitive)
            return Number(type);
        if (Nullable.GetUnderlyingType(type) is { } value)
            return Create(value);
        if (type == typeof(byte[]))
            return sparse ? Array.Empty<byte>() : "bytes"u8.ToArray();
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
            return Items(type.GetGenericArguments()[0]);
        return Message(type);
    }

    private object Number(Type type) => type == typeof(float) || type == typeof(double)
        ? Convert.ChangeType(++next + 0.25, type)
        : Convert.ChangeType(++next % (type == typeof(byte) || type == typeof(sbyte) ? 100 : int.MaxValue), type);

    private object Items(Type element)
    {
        var items = Array.CreateInstance(element, sparse ? 0 : 3);
        for (var i = 0; i < items.Length; i++)
            items.SetValue(Create(element), i);
        return typeof(ImmutableArray).GetMethods()
            .Single(method => method.Name == nameof(ImmutableArray.Create) && method.GetParameters() is [{ ParameterType.IsArray: true }])
            .MakeGenericMethod(element).Invoke(null, [items])!;
    }

    private object Message(Type type)
    {
        // The copy constructor is not public, so the longest public one is the primary one.
        var constructor = type.GetConstructors().MaxBy(candidate => candidate.GetParameters().Length)
            ?? throw new InvalidOperationException($"{type} has no public constructor, so no sample of it can be made; message types are records or plain classes.");
        var parameters = constructor.GetParameters();
        var made = constructor.Invoke([.. parameters.Select(parameter => Optional(parameter.ParameterType, nullability.Create(parameter)))]);
        foreach (var property in type.GetProperties().Where(property => property.SetMethod is { IsPublic: true }))
        {
            if (!parameters.Any(parameter => parameter.Name == property.Name))
                property.SetValue(made, Optional(property.PropertyType, nullability.Create(property)));
        }
        return made;
    }

    private object? Optional(Type type, NullabilityInfo info) => sparse && info.ReadState == NullabilityState.Nullable ? null : Create(type);
}
