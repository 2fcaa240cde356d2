using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

public sealed class BlockLedgerTests
{
    [Fact]
    public void Any_order_of_taking_and_giving_back_keeps_every_block_once()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<(byte Owner, byte Count, bool Host)[]>(), steps =>
        {
            var ledger = new BlockLedger(4, 20, 10);
            var held = new Dictionary<(int, KvTier), BlockList>();
            var lists = new BlockListPool(20);
            foreach (var (owner, count, host) in steps)
            {
                var tier = host ? KvTier.Host : KvTier.Device;
                var key = (owner % 5, tier);
                if (!held.TryGetValue(key, out var blocks))
                    held.Add(key, blocks = new BlockList(lists));
                var (free, had) = (ledger.Free(tier), blocks.Count);
                if (count % 3 == 0)
                    ledger.GiveBack(tier, key.Item1, blocks);
                else
                    Assert.Equal(count % 8 <= free ? had + count % 8 : had, ledger.TryTake(tier, count % 8, key.Item1, blocks) ? had + count % 8 : blocks.Count);
                ledger.CheckIntegrity(held.Select(entry => (entry.Key.Item2, entry.Key.Item1, (IReadOnlyList<int>)entry.Value)));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(7, 11));
    }

    [Fact]
    public void Giving_back_another_ones_block_is_a_broken_invariant()
    {
        var ledger = new BlockLedger(4, 4, 0);
        var mine = new BlockList(new BlockListPool(4));
        ledger.TryTake(KvTier.Device, 2, 1, mine);
        Assert.Throws<InvalidOperationException>(() => ledger.GiveBack(KvTier.Device, 2, mine[0]));
        Assert.Throws<InvalidOperationException>(() => ledger.CheckIntegrity([(KvTier.Device, 1, [mine[0]])])); // one is lost
        Assert.Throws<InvalidOperationException>(() => ledger.CheckIntegrity([(KvTier.Device, 1, [mine[0], mine[0]])]));
    }
}
