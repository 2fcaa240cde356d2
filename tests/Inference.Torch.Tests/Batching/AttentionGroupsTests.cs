using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Backend;
using Pharos.Inference.Models;
using Pharos.Inference.Torch.Batching;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Tests.Batching;

public sealed class AttentionGroupsTests
{
    private const int BlockSize = 16;
    private const double MostPadding = 0.15;

    [Fact]
    public void Any_step_is_grouped_within_the_padding_that_is_allowed() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var dice = new Random(seed);
            var batch = Batch([.. Enumerable.Range(0, dice.Next(1, 200)).Select(_ => Draw(dice))]);
            for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
                batch.Forms[sequence] = dice.Next(3) == 0 ? CacheForm.Hidden : CacheForm.Kv;
            var groups = new AttentionGroups(MostPadding, mostBlocks: 4000, mostRebuilt: 1000);
            Plan(groups, batch);
            AssertSound(batch, groups);
        }));

    [Fact]
    public void Decodes_of_similar_length_attend_in_one_call()
    {
        var groups = new AttentionGroups(MostPadding, long.MaxValue, long.MaxValue);
        Plan(groups, Batch([.. Enumerable.Range(0, 64).Select(i => (1, 900 + i * 2))]));
        Assert.Equal(1, groups.Groups.Length);
    }

    [Fact]
    public void Short_contexts_beside_a_long_one_cost_a_call_not_the_long_ones_padding()
    {
        var groups = new AttentionGroups(MostPadding, long.MaxValue, long.MaxValue);
        Plan(groups, Batch([(1, 8000), .. Enumerable.Repeat((1, 100), 31)]));
        Assert.Equal(2, groups.Groups.Length);
        Assert.Equal(0, groups.Padding);
        Plan(groups, Batch([(1, 8000), (1, 100), (1, 60), (1, 20), (1, 7)])); // short ones among themselves weigh nothing
        Assert.Equal(2, groups.Groups.Length);
    }

    [Fact]
    public void Prompts_from_their_beginning_are_apart_from_chunks_of_others()
    {
        var groups = new AttentionGroups(MostPadding, long.MaxValue, long.MaxValue);
        Plan(groups, Batch([(40, 40), (40, 80), (1, 1)]));
        Assert.Equal(3, groups.Groups.Length);
        Assert.Equal(1, groups.Groups.ToArray().Count(group => group.IsWholePrompt));
    }

    [Fact]
    public void A_call_gathers_no_more_than_its_memory_holds()
    {
        var groups = new AttentionGroups(MostPadding, mostBlocks: 100, mostRebuilt: 50);
        Plan(groups, Batch([.. Enumerable.Repeat((1, 30 * BlockSize), 10), (1, 500 * BlockSize)]));
        Assert.Equal([1, 3, 3, 3, 1], groups.Groups.ToArray().Select(group => group.Sequences));
    }

    private static (int Queries, int Context) Draw(Random dice)
    {
        int queries = dice.Next(4) switch { 0 => dice.Next(1, 300), 1 => dice.Next(1, 9), _ => 1 };
        int before = dice.Next(4) switch { 0 => 0, 1 => dice.Next(50), _ => dice.Next(4000) };
        return (queries, before + queries);
    }

    private static void Plan(AttentionGroups groups, StepBatch batch) => groups.Plan(Rows(batch), batch.SequenceCount, BlockSize);

    internal static StepRows Rows(StepBatch batch)
    {
        var rows = new StepRows(batch.TokenCount);
        rows.Begin(batch);
        return rows;
    }

    internal static StepBatch Batch(params (int Queries, int Context)[] sequences)
    {
        var batch = new StepBatch();
        int stride = sequences.Max(s => (s.Context + BlockSize - 1) / BlockSize);
        batch.Reset(sequences.Sum(s => s.Queries), sequences.Length, stride);
        int block = 0;
        foreach (var (queries, context) in sequences)
        {
            for (int i = 0; i < (context + BlockSize - 1) / BlockSize; i++)
                batch.BlockTables[batch.SequenceCount * stride + i] = block++;
            for (int i = 0; i < queries; i++)
            {
                int position = context - queries + i, token = batch.TokenCount++;
                (batch.TokenIds[token], batch.Positions[token]) = (token % 250, position);
                batch.SlotMapping[token] = batch.BlockTables[batch.SequenceCount * stride + position / BlockSize] * BlockSize + position % BlockSize;
            }
            batch.LogitRows[batch.LogitRowCount++] = batch.TokenCount - 1;
            batch.ContextLengths[batch.SequenceCount++] = context;
            batch.QueryStart[batch.SequenceCount] = batch.TokenCount;
        }
        return batch;
    }

    private static void AssertSound(StepBatch batch, AttentionGroups groups)
    {
        Assert.Equal(Enumerable.Range(0, batch.SequenceCount), groups.Order.ToArray().Order());
        int next = 0;
        foreach (var group in groups.Groups)
        {
            Assert.Equal(next, group.First);
            next += group.Sequences;
            Assert.True(group.Sequences == 1 || (long)group.Sequences * group.Blocks <= (group.Form == CacheForm.Kv ? 4000 : 1000));
            foreach (int sequence in groups.Order.Slice(group.First, group.Sequences))
            {
                int queries = batch.QueryStart[sequence + 1] - batch.QueryStart[sequence], context = batch.ContextLengths[sequence];
                Assert.Equal(group.Form, batch.Forms[sequence]);
                Assert.Equal(group.Queries, queries);
                Assert.True((context + BlockSize - 1) / BlockSize <= group.Blocks);
                Assert.Equal(group.IsWholePrompt, queries > 1 && queries == context);
            }
        }
        Assert.Equal(batch.SequenceCount, next);
        Assert.InRange(groups.Padding, 0, MostPadding);
    }
}
