using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests;

/// <summary>What every host's serializer can rely on.</summary>
public sealed class ConventionTests
{
    private static readonly Type[] Serialised =
        [.. typeof(WorkerCore).Assembly.GetTypes().Where(type => Find(type, "GenerateSerializerAttribute") is not null)];

    [Fact]
    public void Serialised_types_have_one_alias_each()
    {
        Assert.True(Serialised.Length > 20);
        var aliases = Serialised.Select(type => (type, Alias: Find(type, "AliasAttribute")?.ConstructorArguments[0].Value as string)).ToList();
        Assert.All(aliases, entry => Assert.True(entry.Alias?.StartsWith("pharos.", StringComparison.Ordinal), $"{entry.type} has no alias"));
        Assert.Equal(aliases.Count, aliases.Select(entry => entry.Alias).Distinct().Count());
    }

    [Fact]
    public void Serialised_members_have_unique_ids_and_types_of_the_closed_list()
    {
        foreach (var type in Serialised.Where(type => !type.IsEnum))
        {
            var members = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.Name != "EqualityContract" && property.GetMethod is { } get && get.IsDefined(typeof(CompilerGeneratedAttribute)))
                .ToList();
            Assert.NotEmpty(members);
            var ids = members.Select(member => Find(member, "IdAttribute")?.ConstructorArguments[0].Value).ToList();
            Assert.All(members.Zip(ids), pair => Assert.True(pair.Second is not null, $"{type.Name}.{pair.First.Name} has no [Id]"));
            Assert.True(ids.Distinct().Count() == ids.Count, $"{type.Name} uses an id twice");
            Assert.All(members, member => Assert.True(IsAllowed(member.PropertyType), $"{type.Name}.{member.Name} is a {member.PropertyType}"));
        }
    }

    [Fact]
    public void Every_record_that_crosses_grains_can_be_serialised()
    {
        // Whatever a serialised type holds is serialised too, so the roots are enough.
        Assert.All(
            (Type[])[typeof(Scheduling.Requests.RequestState), typeof(Scheduling.Requests.SequenceWork), typeof(Scheduling.Requests.ResumeWork),
                typeof(Scheduling.Requests.SegmentReport), typeof(Scheduling.Requests.DeltaBatch), typeof(Scheduling.Requests.RequestNotice),
                typeof(Scheduling.Requests.ResumeSpec), typeof(Scheduling.Requests.ResumeOutcome), typeof(Scheduling.Requests.Admission),
                typeof(Scheduling.Pool.RequestDescriptor), typeof(Scheduling.Pool.EnqueueOutcome), typeof(Scheduling.Pool.WorkerSnapshot),
                typeof(Scheduling.Pool.PoolDirective), typeof(Scheduling.Pool.SegmentOutcome), typeof(Scheduling.Pausing.PauseReceipt)],
            root => Assert.Contains(root, Serialised));
    }

    private static bool IsAllowed(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(byte[]) || Serialised.Contains(type))
            return true;
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return IsAllowed(inner);
        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>) && IsAllowed(type.GetGenericArguments()[0]);
    }

    // By name: the attributes belong to the host the assembly was built for.
    private static CustomAttributeData? Find(MemberInfo member, string attribute) =>
        member.CustomAttributes.FirstOrDefault(data => data.AttributeType.Name == attribute);
}
