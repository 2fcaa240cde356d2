using System.Reflection;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Pharos.Scheduling.Requests;

namespace Pharos.Clustered.Tests.Serialization;

/// <summary>Whatever grains send or store arrives whole through the serializer that the cluster uses.</summary>
public sealed class RoundTripTests : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    public static TheoryData<Type, bool> Messages()
    {
        var messages = new TheoryData<Type, bool>();
        foreach (var type in MessageTypes.Serialised)
        {
            messages.Add(type, false);
            messages.Add(type, true);
        }
        return messages;
    }

    public static TheoryData<Type> Enumerations() => [.. MessageTypes.Serialised.Where(type => type.IsEnum)];

    [Theory, MemberData(nameof(Messages))]
    public void A_message_arrives_as_it_was_sent(Type type, bool sparse)
    {
        var sent = new SampleValues(sparse).Create(type);
        var serializer = services.GetRequiredService<Serializer>();
        var arrived = serializer.Deserialize<object>(serializer.SerializeToArray(sent));
        Assert.Null(Difference.Between(sent, arrived, type.Name));
    }

    [Theory, MemberData(nameof(Messages))]
    public void A_copy_within_the_silo_is_equal(Type type, bool sparse)
    {
        var sent = new SampleValues(sparse).Create(type);
        Assert.Null(Difference.Between(sent, services.GetRequiredService<DeepCopier>().Copy(sent), type.Name));
    }

    [Theory, MemberData(nameof(Enumerations))]
    public void Every_value_of_an_enumeration_arrives(Type type)
    {
        var serializer = services.GetRequiredService<Serializer>();
        Assert.All(Enum.GetValues(type).Cast<object>(), value => Assert.Equal(value, serializer.Deserialize<object>(serializer.SerializeToArray(value))));
    }

    [Fact]
    public void A_request_that_nobody_has_started_can_be_stored()
    {
        var serializer = services.GetRequiredService<Serializer>();
        var stored = serializer.Deserialize<RequestState>(serializer.SerializeToArray(new RequestState()));
        Assert.Null(Difference.Between(new RequestState(), stored, nameof(RequestState)));
    }

    [Fact]
    public void Whatever_a_grain_method_takes_or_gives_has_a_serializer()
    {
        var codecs = services.GetRequiredService<CodecProvider>();
        foreach (var method in MessageTypes.GrainInterfaces.SelectMany(grain => grain.GetMethods()))
        {
            var sent = method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType)
                .Select(type => type.IsGenericType && type.Namespace!.StartsWith("System.Threading.Tasks", StringComparison.Ordinal) ? type.GetGenericArguments()[0] : type)
                .Where(type => type != typeof(Task) && type != typeof(ValueTask) && type != typeof(CancellationToken));
            Assert.All(sent, type => Assert.True(codecs.TryGetCodec(type) is not null, $"{method.DeclaringType!.Name}.{method.Name}: {type} has no serializer"));
        }
    }

    [Fact]
    public void A_comparison_names_the_member_that_was_lost()
    {
        var call = new ToolCall("call_r_1_0", "calculator", "{}");
        var end = new SegmentEnd(SegmentEndReason.ToolCalls, [call], 10, 5, 0, 1.5, 0.25, 0);
        var found = Difference.Between(end, end with { Calls = [call with { Arguments = "" }] }, "SegmentEnd");
        Assert.StartsWith("SegmentEnd.Calls[0].Arguments: expected {}", found, StringComparison.Ordinal);
        Assert.NotNull(Difference.Between(end, end with { Calls = [] }, "SegmentEnd"));
        Assert.NotNull(Difference.Between(end, end with { Calls = default }, "SegmentEnd"));
    }

    [Fact]
    public void A_full_sample_leaves_no_member_at_its_default()
    {
        foreach (var type in MessageTypes.Serialised.Where(type => !type.IsEnum))
        {
            var sample = new SampleValues(sparse: false).Create(type);
            // What is computed from others does not travel.
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.IsDefined(typeof(IdAttribute))))
            {
                var unset = property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : null;
                Assert.False(Equals(property.GetValue(sample), unset), $"{type.Name}.{property.Name} is at its default, so its loss would not show");
            }
        }
    }

    public void Dispose() => services.Dispose();
}
