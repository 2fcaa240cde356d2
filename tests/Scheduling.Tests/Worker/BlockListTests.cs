using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

public sealed class BlockListTests
{
    [Fact]
    public void Lists_of_one_pool_grow_and_shrink_in_any_order_and_never_see_each_others_blocks()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<(byte List, byte Count, bool Shrinks)[]>(), steps =>
        {
            var pool = new BlockListPool(longest: 50_000);
            BlockList[] lists = [new(pool), new(pool), new(pool)];
            List<int>[] expected = [[], [], []];
            var next = 0;
            foreach (var (list, count, shrinks) in steps)
            {
                var (mine, known) = (lists[list % 3], expected[list % 3]);
                if (shrinks)
                {
                    var left = Math.Max(0, known.Count - count);
                    mine.Truncate(left);
                    known.RemoveRange(left, known.Count - left);
                    continue;
                }

                for (var i = 0; i < count; i++)
                {
                    mine.Add(next);
                    known.Add(next++);
                }
            }

            for (var i = 0; i < 3; i++)
                Assert.Equal(expected[i], lists[i]);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(3, 5));
    }

    [Fact]
    public void Block_that_a_list_does_not_have_is_not_read_from_its_last_chunk()
    {
        var list = new BlockList(new BlockListPool(100)) { 7, 8 };
        list[1] = 9;
        Assert.Equal([7, 9], list);
        list.Truncate(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => list[1]);
    }

    [Fact]
    public void Batch_that_decodes_allocates_nothing()
    {
        var core = new WorkerCore(
            new WorkerLimits(16, 4000, 0, 64, 32, 64), DeviceProfile.GptJ6bA100, new FcfsRanking(), new FixedPause(PauseAction.Preserve));
        for (var i = 0; i < 32; i++)
            core.Admit(new SequenceStart($"r{i}", 1, i, 0, 20, 20, new SegmentForecast(Estimate.Exactly(1500), 0, null, default, 0, default)), i);
        var now = 100.0;
        Iterate(50); // all of them run
        Assert.Equal(32, core.Running);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Iterate(1200); // each context grows by 75 blocks
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.All(core.Sequences, slot => Assert.True(core.BlockTable(slot).Count > 75));

        void Iterate(int times)
        {
            for (; times > 0; times--)
            {
                var plan = core.Plan(now);
                var seconds = DeviceProfile.GptJ6bA100.IterationSeconds(plan.Tokens, plan.ContextTokens);
                core.Commit(seconds);
                now += seconds;
            }
        }
    }
}
