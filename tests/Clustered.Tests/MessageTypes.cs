using System.Reflection;
using Pharos.Grains;
using Pharos.Scheduling.Worker;

namespace Pharos.Clustered.Tests;

/// <summary>What crosses grains: every type with a serializer, and every grain interface.</summary>
internal static class MessageTypes
{
    private static readonly Type[] Declared = [.. typeof(WorkerCore).Assembly.GetTypes(), .. typeof(IRequestGrain).Assembly.GetTypes()];

    public static IReadOnlyList<Type> Serialised { get; } =
        [.. Declared.Where(type => type.IsDefined(typeof(GenerateSerializerAttribute))).OrderBy(type => type.FullName, StringComparer.Ordinal)];

    public static IReadOnlyList<Type> GrainInterfaces { get; } =
        [.. Declared.Where(type => type.IsInterface && type.IsAssignableTo(typeof(IGrain)) && !type.Namespace!.StartsWith("OrleansCodeGen", StringComparison.Ordinal))];

    /// <summary>The name on the wire; null when it follows the source.</summary>
    public static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;
}
