using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using Orleans.Runtime.Placement;

namespace Pharos.Clustered.Tests;

/// <summary>A worker grain lives where its device is, and nowhere else.</summary>
public sealed class DevicePlacementTests
{
    private static readonly ClusterMember Alpha = Member("alpha", 1, SiloStatus.Active);
    private static readonly ClusterMember Beta = Member("beta", 2, SiloStatus.Active);
    private static readonly ClusterMember Gone = Member("gamma", 3, SiloStatus.Dead);

    [Fact]
    public async Task A_worker_is_placed_on_the_silo_that_its_key_names() =>
        Assert.Equal(Beta.SiloAddress, await Place("spark/beta/cpu-0"));

    [Fact]
    public async Task A_missing_silo_is_named_together_with_those_that_are_there()
    {
        var refused = await Assert.ThrowsAsync<OrleansException>(() => Place("spark/gamma/cpu-0"));
        Assert.Contains("the silo 'gamma', which is not there", refused.Message, StringComparison.Ordinal);
        var there = refused.Message[refused.Message.IndexOf("there are: ", StringComparison.Ordinal)..];
        Assert.Contains("alpha", there, StringComparison.Ordinal);
        Assert.Contains("beta", there, StringComparison.Ordinal);
        Assert.DoesNotContain("gamma", there, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_without_a_device_says_what_was_expected()
    {
        var refused = await Assert.ThrowsAsync<OrleansException>(() => Place("spark"));
        Assert.Contains("POOL/SILO/DEVICE; came 'spark'", refused.Message, StringComparison.Ordinal);
    }

    private static Task<SiloAddress> Place(string key)
    {
        var members = ImmutableDictionary.CreateRange(new[] { Alpha, Beta, Gone }.Select(member => KeyValuePair.Create(member.SiloAddress, member)));
        var snapshot = new ClusterMembershipSnapshot(members, new MembershipVersion(1));
        var membership = Stub.Of<IClusterMembershipService>(nameof(IClusterMembershipService.CurrentSnapshot), snapshot);
        var context = Stub.Of<IPlacementContext>(nameof(IPlacementContext.GetCompatibleSilos), new[] { Alpha.SiloAddress, Beta.SiloAddress });
        var target = new PlacementTarget(GrainId.Create("worker", key), [], default, 0);
        return new DevicePlacementDirector(membership).OnAddActivation(new DevicePlacement(), target, context);
    }

    private static ClusterMember Member(string name, int port, SiloStatus status) =>
        new(SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 11110 + port), 1), status, name);
}

/// <summary>Answers one member of an interface, whatever else the interface has in this version of Orleans.</summary>
public class Stub : DispatchProxy
{
    private string member = "";
    private object? answer;

    internal static T Of<T>(string member, object answer) where T : class
    {
        var made = Create<T, Stub>();
        var stub = (Stub)(object)made;
        (stub.member, stub.answer) = (member, answer);
        return made;
    }

    protected override object? Invoke(MethodInfo? called, object?[]? arguments) => called!.Name == member || called.Name == $"get_{member}"
        ? answer
        : throw new NotSupportedException($"{called.DeclaringType!.Name}.{called.Name} was called; only {member} is answered here.");
}
