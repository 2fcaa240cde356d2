using System.Collections;
using System.Reflection;

namespace Pharos.Clustered.Tests.Serialization;

/// <summary>Compares two messages member by member, arrays by content.</summary>
internal static class Difference
{
    /// <summary>The first member that differs, as a path with both values; null when all are equal.</summary>
    public static string? Between(object? expected, object? actual, string path)
    {
        if (expected is null || actual is null || expected.GetType() != actual.GetType())
            return ReferenceEquals(expected, actual) ? null : $"{path}: expected {Show(expected)}, came {Show(actual)}";
        var type = expected.GetType();
        if (type.IsPrimitive || type.IsEnum || type == typeof(string))
            return expected.Equals(actual) ? null : $"{path}: expected {Show(expected)}, came {Show(actual)}";
        return expected is IList items ? BetweenArrays(items, (IList)actual, path) : BetweenMembers(type, expected, actual, path);
    }

    private static string? BetweenArrays(IList expected, IList actual, string path)
    {
        // An immutable array that was never set has no length to ask for.
        if (IsDefault(expected) || IsDefault(actual))
            return IsDefault(expected) == IsDefault(actual) ? null : $"{path}: one is a default ImmutableArray, the other is not";
        return expected.Count != actual.Count
            ? $"{path}: expected {expected.Count} elements, came {actual.Count}"
            : Enumerable.Range(0, expected.Count).Select(i => Between(expected[i], actual[i], $"{path}[{i}]")).FirstOrDefault(found => found is not null);
    }

    private static string? BetweenMembers(Type type, object expected, object actual, string path) => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetIndexParameters().Length == 0)
        .Select(property => Between(property.GetValue(expected), property.GetValue(actual), $"{path}.{property.Name}"))
        .FirstOrDefault(found => found is not null);

    private static bool IsDefault(IList array) => array.GetType().GetProperty("IsDefault")?.GetValue(array) is true;

    private static string Show(object? value) => value is null ? "null" : $"{value} ({value.GetType().Name})";
}
