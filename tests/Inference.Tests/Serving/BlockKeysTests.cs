using Pharos.Inference.Serving;

namespace Pharos.Inference.Tests.Serving;

public sealed class BlockKeysTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 100).Select(i => i * 7 % 50)];

    [Fact]
    public void Only_full_blocks_have_keys_and_growing_gives_the_same_ones()
    {
        var whole = Keys(Tokens);
        Assert.Equal(6, whole.Count);
        var grown = new BlockKeys("a", "model", 16);
        for (int length = 0; length <= Tokens.Length; length += 3)
            grown.Extend(Tokens.AsSpan(0, length));
        Assert.Equal(whole, grown);
        Assert.Equal(whole.Count, whole.Distinct().Count());
    }

    [Fact]
    public void A_changed_token_changes_its_block_and_all_that_follow()
    {
        int[] changed = [.. Tokens];
        changed[40]++;
        var (a, b) = (Keys(Tokens), Keys(changed));
        Assert.Equal(a.Take(2), b.Take(2));
        Assert.All(Enumerable.Range(2, 4), block => Assert.NotEqual(a[block], b[block]));
    }

    [Fact]
    public void Tenants_and_models_never_meet()
    {
        UInt128[] first = [Keys(Tokens)[0], Keys(Tokens, tenant: "b")[0], Keys(Tokens, model: "model2")[0], Keys(Tokens, tenant: "2", model: "model")[0]];
        Assert.Equal(4, first.Distinct().Count());
    }

    private static BlockKeys Keys(int[] tokens, string tenant = "a", string model = "model")
    {
        var keys = new BlockKeys(tenant, model, 16);
        keys.Extend(tokens);
        return keys;
    }
}
