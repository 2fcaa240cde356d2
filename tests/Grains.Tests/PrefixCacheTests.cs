namespace Pharos.Grains.Tests;

public sealed class PrefixCacheTests
{
    private const string Question = "What is the weather like in a town by the sea when the wind comes from the north, and what should one wear on a walk there?";

    [Fact]
    public async Task Tenants_do_not_find_each_others_prompts()
    {
        await using var cluster = await PharosCluster.StartAsync(("Workers", "1"));
        var spec = cluster.Ask(Question, maxTokens: 8);
        Assert.InRange(spec.Tokens.Length, 40, 500);
        Assert.Equal(0, (await cluster.RunAsync(spec)).Last.Usage!.CachedTokens);
        Assert.Equal(0, (await cluster.RunAsync(spec with { Tenant = "another" })).Last.Usage!.CachedTokens);
        Assert.InRange((await cluster.RunAsync(spec)).Last.Usage!.CachedTokens, 32, spec.Tokens.Length - 1);
        Assert.InRange((await cluster.RunAsync(spec with { Tenant = "another" })).Last.Usage!.CachedTokens, 32, spec.Tokens.Length - 1);
    }
}
