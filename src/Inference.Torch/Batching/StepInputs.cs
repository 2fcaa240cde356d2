using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Batching;

/// <summary>The present step on the device. Its tensors live until the next one is sent.</summary>
internal sealed class StepInputs : IDisposable
{
    private readonly StagingBuffer<long> staging;
    private readonly Tensor counting; // [positions] 0, 1, 2, ...
    private readonly ScalarType compute;
    private readonly int blockSize;
    private readonly Dictionary<(int Group, int Window), Tensor> masks = [];
    private readonly List<Tensor> tables = [];
    private readonly List<AttentionGroup> groups = [];

    public StepInputs(Device device, ScalarType compute, int positions, int blockSize)
    {
        (this.compute, this.blockSize) = (compute, blockSize);
        staging = new StagingBuffer<long>(device, ScalarType.Int64);
        counting = arange(Scalars.Zero, Scalars.Of((long)positions), Scalars.One, dtype: ScalarType.Int64, device: device);
    }

    public Tensor TokenIds { get; private set; } = null!;  // [tokens], after an exit the rows they were before

    public Tensor Positions { get; private set; } = null!; // [tokens]

    public Tensor Slots { get; private set; } = null!;     // [tokens]

    public Tensor LogitRows { get; private set; } = null!; // [rows] that are wanted next

    public Tensor? HiddenPlaces { get; private set; }      // [tokens]; null: no hidden state is kept

    public Tensor? JoinedSlots { get; private set; }       // [joined] whose states come from the cache; null: none

    public Tensor? KeptRows { get; private set; }          // [kept] whose states go there; null: none

    public Tensor? KeptSlots { get; private set; }         // [kept]

    public IReadOnlyList<AttentionGroup> Groups => groups;

    public void Send(StepLayout layout)
    {
        var all = staging.Send(layout.Data.AsSpan(0, layout.Length));
        TokenIds = all.narrow(0, layout.TokenIds, layout.Tokens);
        Positions = all.narrow(0, layout.Positions, layout.Tokens);
        Slots = all.narrow(0, layout.Slots, layout.Tokens);
        LogitRows = all.narrow(0, layout.RowsOfLogits, layout.LogitRows);
        HiddenPlaces = Part(layout.HiddenPlaces, layout.HiddenTokens);
        JoinedSlots = Part(layout.JoinedSlots, layout.Joined);
        KeptRows = Part(layout.KeptRows, layout.Kept);
        KeptSlots = Part(layout.KeptSlots, layout.Kept);
        Forget();
        tables.Clear();
        groups.Clear();
        int at = layout.Tables;
        foreach (var group in layout.Groups)
        {
            int length = group.Sequences * group.Blocks;
            tables.Add(all.narrow(0, at, length));
            groups.Add(group);
            at += length;
        }

        Tensor? Part(int start, int length) => length == 0 ? null : all.narrow(0, start, length);
    }

    /// <summary>[sequences * blocks] of a group.</summary>
    public Tensor Table(int group) => tables[group];

    /// <summary>
    /// What is added to the scores of a group, [sequences, 1, repeats * queries, tokens]: 0 where a query sees a token, else minus infinity. The rows of
    /// a sequence are there once for each head of queries that shares a head of keys. Made once a step for all layers with the same window.
    /// </summary>
    /// <param name="window">Positions a token sees, its own among them; 0: all.</param>
    public Tensor Mask(int group, int firstRow, int window, int repeats)
    {
        if (masks.TryGetValue((group, window), out var mask))
            return mask;
        var shape = groups[group];
        long length = (long)shape.Blocks * blockSize;
        using (NewDisposeScope())
        {
            var keys = Counting(length).view(1, 1, 1, 1, length);
            var queries = Positions.narrow(0, firstRow, shape.Rows).view(shape.Sequences, 1, 1, shape.Queries, 1);
            var unseen = keys.gt(queries);
            if (window > 0)
                unseen = unseen.logical_or(keys.le(queries.sub(Scalars.Of((long)window))));
            mask = zeros(unseen.shape, dtype: compute, device: unseen.device).masked_fill_(unseen, Scalars.Never);
            // A single query is broadcast over the heads; several have to be written out.
            if (shape.Queries > 1)
                mask = mask.expand(shape.Sequences, 1, repeats, shape.Queries, length);
            mask = mask.reshape(shape.Sequences, 1, shape.Queries > 1 ? repeats * shape.Queries : 1, length).DetachFromDisposeScope(); // it outlives the layer
        }
        return masks[(group, window)] = mask;
    }

    public void Dispose()
    {
        Forget();
        staging.Dispose();
        counting.Dispose();
    }

    private void Forget()
    {
        foreach (var mask in masks.Values)
            mask.Dispose();
        masks.Clear();
    }

    // Tables are padded to whole blocks, past the last position.
    private Tensor Counting(long length) => counting.narrow(0, 0, length);
}
