using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

public sealed class TurnQueueTests
{
    [Fact]
    public void First_is_always_the_least_whatever_joins_leaves_or_changes()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<(byte What, byte Tier, short Score)[]>(), steps =>
        {
            var (queue, inside) = (new TurnQueue(), new List<SequenceSlot>());
            foreach (var (what, tier, score) in steps)
            {
                if (what % 4 < 2 || inside.Count == 0)
                {
                    var slot = Slot(queue.Count + 1000 * inside.Count, tier % 3, score);
                    queue.Add(slot);
                    inside.Add(slot);
                }
                else
                {
                    var slot = inside[what % inside.Count];
                    (slot.Tier, slot.Score) = (tier % 3, score);
                    if (what % 4 == 2)
                    {
                        queue.Changed(slot);
                    }
                    else
                    {
                        queue.Remove(slot);
                        queue.Remove(slot); // a second time it does nothing
                        inside.Remove(slot);
                    }
                }

                Assert.Equal(inside.Count, queue.Count);
                if (inside.Count > 0)
                    Assert.DoesNotContain(inside, other => TurnQueue.Compare(other, queue.First) < 0);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(3, 7));
    }

    [Fact]
    public void Scores_are_taken_anew_in_the_order_in_which_they_were_taken()
    {
        var queue = new TurnQueue();
        var (early, late) = (Slot(1, 0, 5), Slot(2, 0, 1));
        late.ScoredAt = 3;
        queue.Add(early);
        queue.Add(late);

        Assert.Same(early, queue.Stale(before: 2));
        early.ScoredAt = 4;
        queue.Changed(early);
        Assert.Null(queue.Stale(before: 2));
        Assert.Same(late, queue.Stale(before: 3));
    }

    private static SequenceSlot Slot(int id, int tier, double score) =>
        new(id, 4, new BlockListPool(1), new SequenceStart($"r{id}", 1, 0, 0, 10, 10, WorkerStory.Forecast(5)), new TenantMeter(), 0) { Tier = tier, Score = score };
}
