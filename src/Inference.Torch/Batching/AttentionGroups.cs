using System.Runtime.InteropServices;
using Pharos.Inference.Models;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Batching;

/// <summary>
/// Sorts the sequences of a step into groups that attend in one call each. Dense attention wants contexts of one length, so shorter ones are padded;
/// few groups mean few calls. Groups are joined, the cheapest pair first, as long as the padding of the whole step stays within its share.
/// </summary>
/// <remarks>
/// Counted in whole blocks, as the cache is gathered; the rest of a sequence's last block is no padding in this sense. Queries are never padded:
/// sequences that bring different numbers of tokens, or are kept in different forms, are in different groups. Instances are reused and allocate nothing in a steady state.
/// </remarks>
/// <param name="mostPadding">Share of padding among what is gathered over the whole step, [0, 1).</param>
/// <param name="mostBlocks">Most blocks gathered by one call: bounds its scratch memory. A single sequence may exceed it.</param>
/// <param name="mostRebuilt">The same of contexts in compact forms, which take more memory to be looked at.</param>
internal sealed class AttentionGroups(double mostPadding, long mostBlocks, long mostRebuilt)
{
    private readonly List<Item> items = [];
    private readonly List<AttentionGroup> joined = [];
    private readonly List<AttentionGroup> groups = [];
    private readonly List<int> order = [];

    /// <summary>The groups, whose sequences follow each other in <see cref="Order"/>.</summary>
    public ReadOnlySpan<AttentionGroup> Groups => CollectionsMarshal.AsSpan(groups);

    /// <summary>Sequences of the batch in the order of the groups.</summary>
    public ReadOnlySpan<int> Order => CollectionsMarshal.AsSpan(order);

    /// <summary>Share of <see cref="AttentionGroup.Area"/>, all groups together, that no sequence asked for.</summary>
    public double Padding { get; private set; }

    /// <param name="rows">Sequences without rows are left out.</param>
    public void Plan(StepRows rows, int sequences, int blockSize)
    {
        items.Clear();
        for (int sequence = 0; sequence < sequences; sequence++)
        {
            var (start, end) = rows.Of(sequence);
            if (start == end)
                continue;
            int queries = end - start, context = rows.Positions[end - 1] + 1;
            items.Add(new Item(sequence, queries, (context + blockSize - 1) / blockSize, queries > 1 && queries == context, rows.Forms[start]));
        }
        Plan();
    }

    private void Plan()
    {
        items.Sort();
        order.Clear();
        joined.Clear();
        long wanted = 0, area = 0;
        for (int i = 0; i < items.Count; i++)
        {
            var item = items[i];
            order.Add(item.Sequence);
            wanted += (long)item.Queries * item.Blocks;
            if (joined.Count > 0 && joined[^1] is var last && (last.Queries, last.Blocks, last.IsWholePrompt, last.Form) == (item.Queries, item.Blocks, item.IsWholePrompt, item.Form))
                joined[^1] = last with { Sequences = last.Sequences + 1 };
            else
                joined.Add(new AttentionGroup(i, 1, item.Queries, item.Blocks, item.IsWholePrompt, item.Form));
        }
        Join((long)(wanted / (1 - mostPadding)) - wanted);
        groups.Clear();
        foreach (var group in joined)
        {
            area += group.Area;
            Cut(group);
        }
        Padding = area == 0 ? 0 : 1 - (double)wanted / area;
    }

    /// <summary>Joins neighbours while the padding that this adds is within the budget.</summary>
    private void Join(long budget)
    {
        while (true)
        {
            int cheapest = -1;
            long least = budget;
            for (int i = 0; i + 1 < joined.Count; i++)
            {
                if (Extra(joined[i], joined[i + 1]) is { } extra && extra <= least)
                    (cheapest, least) = (i, extra);
            }
            if (cheapest < 0)
                return;
            joined[cheapest] = joined[cheapest] with { Sequences = joined[cheapest].Sequences + joined[cheapest + 1].Sequences };
            joined.RemoveAt(cheapest + 1);
            budget -= least;
        }
    }

    /// <summary>Padding that joining two neighbours adds; null where they must not be joined.</summary>
    private static long? Extra(AttentionGroup longer, AttentionGroup shorter) =>
        (longer.Queries, longer.IsWholePrompt, longer.Form) == (shorter.Queries, shorter.IsWholePrompt, shorter.Form) ? (long)shorter.Rows * (longer.Blocks - shorter.Blocks) : null;

    private void Cut(AttentionGroup group)
    {
        int most = (int)Math.Clamp((group.Form == CacheForm.Kv ? mostBlocks : mostRebuilt) / group.Blocks, 1, group.Sequences);
        for (int first = 0; first < group.Sequences; first += most)
            groups.Add(group with { First = group.First + first, Sequences = Math.Min(most, group.Sequences - first) });
    }

    // Equal queries together, within them the longest context first.
    private readonly record struct Item(int Sequence, int Queries, int Blocks, bool IsWholePrompt, CacheForm Form) : IComparable<Item>
    {
        public int CompareTo(Item other) =>
            (Queries, IsWholePrompt, (int)Form, -Blocks, Sequence).CompareTo((other.Queries, other.IsWholePrompt, (int)other.Form, -other.Blocks, other.Sequence));
    }
}
