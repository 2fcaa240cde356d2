namespace Pharos.Clustered.Tests;

/// <summary>Names on the wire are given, not derived, so that a silo of the last release understands one of this release.</summary>
public sealed class WireNameTests
{
    [Fact]
    public void Every_grain_interface_and_method_has_an_alias()
    {
        Assert.True(MessageTypes.GrainInterfaces.Count >= 4);
        foreach (var grain in MessageTypes.GrainInterfaces)
        {
            Assert.True(MessageTypes.AliasOf(grain) is not null, $"{grain.Name} has no [Alias]");
            Assert.All(grain.GetMethods(), method => Assert.True(MessageTypes.AliasOf(method) is not null, $"{grain.Name}.{method.Name} has no [Alias]"));
        }
    }

    [Fact]
    public void No_two_methods_of_a_grain_share_an_alias() =>
        Assert.All(MessageTypes.GrainInterfaces, grain => AssertUnique(grain.GetMethods().Select(method => ($"{grain.Name}.{method.Name}", MessageTypes.AliasOf(method)))));

    [Fact]
    public void No_two_types_share_an_alias() =>
        AssertUnique(MessageTypes.Serialised.Concat(MessageTypes.GrainInterfaces).Select(type => (type.FullName!, MessageTypes.AliasOf(type))));

    private static void AssertUnique(IEnumerable<(string Name, string? Alias)> named) =>
        Assert.All(
            named.Where(entry => entry.Alias is not null).GroupBy(entry => entry.Alias),
            same => Assert.True(same.Count() == 1, $"'{same.Key}' is the alias of {string.Join(" and of ", same.Select(entry => entry.Name))}"));
}
