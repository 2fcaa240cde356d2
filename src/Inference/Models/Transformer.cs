using System.Runtime.CompilerServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Models.Rotary;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Models;

/// <summary>
/// The forward pass of a decoder model for ragged batches: decodes and prefill chunks in one call. What a layer does is told by
/// <see cref="ModelArchitecture"/>, never by a family's name. Logits are bit-identical however a prompt is cut into steps, whatever else the
/// steps hold, and on any number of threads. One step at a time.
/// </summary>
internal sealed unsafe partial class Transformer : IDisposable
{
    private readonly ModelArchitecture model;
    private readonly TransformerWeights weights;
    private readonly KvStore cache;
    private readonly KernelSet kernels;
    private readonly BackendLimits limits;
    private readonly RotaryTable[] rotary; // [layer]; layers that turn alike share one
    private readonly Workspace space;
    private readonly ThreadTeam team;
    private readonly AttentionPlan attention;
    private readonly RowTiles tiles;
    private readonly StepRows rows;
    private int[] nextItem; // [layer][round] attention work taken
    private readonly int group;
    private readonly long workForThreads; // multiply-accumulates below which a step runs on the caller alone

    // Of the present step, for all threads.
    private StepBatch batch = null!;
    private StepResult result = null!;
    private int depth;

    public Transformer(ModelArchitecture model, TransformerWeights weights, KvStore cache, KernelSet kernels, int threads, BackendLimits limits, long workForThreads, int rebuildTokens = 0)
    {
        (this.model, this.weights, this.cache, this.kernels, this.limits) = (model, weights, cache, kernels, limits);
        this.workForThreads = workForThreads;
        int maxTokens = limits.MaxTokens + (limits.ExitLayers.Length == 0 ? 0 : limits.MaxSequences * (limits.ExitWindow - 1)); // deficits are rows too
        group = model.Heads / model.KvHeads;
        attention = new AttentionPlan(maxTokens, group);
        int maxContext = (int)Math.Min(model.MaxPositions, (long)cache.DeviceBlocks * cache.Layout.BlockSize);
        rotary = RotaryTables(model, maxContext);
        space = new Workspace(model, maxTokens, threads, attention.QueriesOfTile * group, maxContext);
        tiles = new RowTiles(maxTokens);
        rows = new StepRows(maxTokens);
        states = new ExitStates(cache);
        exits = new StepExits(limits, model.Layers);
        nextItem = nextRebuild = [];
        compact = new CompactStore(cache);
        scratch = new RebuildScratch(model, cache.Layout, space.QkvStride, threads, rebuildTokens);
        team = new ThreadTeam(threads, ForwardPart);
    }

    /// <summary>Runs one step.</summary>
    /// <param name="result">Receives the rows of <see cref="StepBatch.LogitRows"/>, for which it has room.</param>
    /// <param name="depth">Layers to run; fewer than all: no exit is asked before them.</param>
    public void Forward(StepBatch batch, StepResult result, int depth)
    {
        (this.batch, this.result, this.depth) = (batch, result, depth);
        scratch.Plan.Cut(batch);
        rows.Begin(batch);
        attention.Cut(rows, batch.SequenceCount, scratch.Plan);
        tiles.Cut(rows.Count, kernels.TileRows);
        Begin(model.Layers * scratch.Plan.Rounds);
        exits.Begin(batch, result, depth);
        team.Run(together: model.Parameters * batch.TokenCount >= workForThreads);
        (this.batch, this.result) = (null!, null!);
    }

    /// <summary>One thread's share: rows, panels and attention items are divided, depth never is.</summary>
    private void ForwardPart(int thread)
    {
        var (first, end) = Share(rows.Count, thread);
        for (int row = first; row < end; row++)
        {
            if (below is null)
                weights.Embed(batch.TokenIds[row], space.Residual + (long)row * space.HiddenStride);
            else
                ReadState(row);
        }

        for (int i = below?.Layers ?? 0; i < depth; i++)
        {
            bool isSum = i == (below?.Layers ?? 0);
            if (exits.Below(i) is { } exit)
            {
                Ask(thread, exit);
                if (rows.Count == 0)
                    return;
                isSum = true;
                (first, end) = Share(rows.Count, thread);
            }
            var layer = weights.Layers[i];
            Normalise(thread, layer.AttentionNorm, !isSum, isSum ? null : weights.Layers[i - 1].PostFeedForwardNorm, keepIn: i);
            Multiply(thread, layer.QueryKeyValue, space.Qkv, space.QkvStride);
            TurnAndStore(thread, i);
            team.Barrier();
            for (int round = 0; round < scratch.Plan.Rounds; round++)
            {
                Rebuild(thread, i, round);
                Attend(thread, i, round);
                team.Barrier();
            }
            for (int row = first; row < end; row++)
                LeftPacking.Pack(weights.Type, space.Attention + (long)row * space.AttentionStride, space.AttentionStride, space.Packed, tiles, row);
            Multiply(thread, layer.AttentionOutput, space.Projected, space.HiddenStride);
            Normalise(thread, layer.FeedForwardNorm, addProjected: true, layer.PostAttentionNorm);
            Multiply(thread, layer.GateUp, space.GateUp, space.GateUpStride);
            Activate(thread);
            Multiply(thread, layer.Down, space.Projected, space.HiddenStride);
        }
        if (cache.Layout.StateBytes > 0 && depth == model.Layers)
            KeepStates(thread);
        else
            ComputeLogits(thread, weights.Layers[depth - 1].PostFeedForwardNorm);
    }

    /// <summary>target = packed left operand x weights, between two barriers: operand complete, result complete.</summary>
    private void Multiply(int thread, PackedMatrix matrix, float* target, int stride)
    {
        team.Barrier();
        var (first, end) = Share(matrix.Panels, thread);
        kernels.Multiply(matrix, tiles, space.Packed, target, stride, first, end);
        team.Barrier();
    }

    /// <summary>Adds what the last part gave, itself normalised where the model does so, and packs the normalised sum.</summary>
    /// <param name="keepIn">The layer whose hidden states these sums are, for sequences that keep them; -1: of none.</param>
    private void Normalise(int thread, NativeBuffer norm, bool addProjected, NativeBuffer? postNorm, int keepIn = -1)
    {
        float* normalised = space.Row(thread);
        var (first, end) = Share(rows.Count, thread);
        for (int row = first; row < end; row++)
        {
            long offset = (long)row * space.HiddenStride;
            float* addend = addProjected ? Addend(offset, postNorm) : null;
            kernels.AddNorm(space.Residual + offset, addend, norm.Floats, normalised, model.HiddenSize, model.NormEpsilon);
            LeftPacking.Pack(weights.Type, normalised, model.HiddenSize, space.Packed, tiles, row);
            if (keepIn >= 0 && rows.Forms[row] == CacheForm.Hidden && rows.Slots[row] >= 0)
                compact.WriteHidden(keepIn, rows.Slots[row], normalised);
        }
    }

    private float* Addend(long offset, NativeBuffer? postNorm)
    {
        float* projected = space.Projected + offset;
        if (postNorm is not null)
            kernels.AddNorm(projected, null, postNorm.Floats, projected, model.HiddenSize, model.NormEpsilon);
        return projected;
    }

    private void TurnAndStore(int thread, int index)
    {
        var layer = weights.Layers[index];
        int dims = model.HeadDim;
        var (first, end) = Share(rows.Count, thread);
        for (int row = first; row < end; row++)
        {
            float* queries = space.Qkv + (long)row * space.QkvStride;
            float* keys = queries + model.Heads * dims;
            float* values = keys + model.KvHeads * dims;
            if (layer.QueryKeyValueBias is { } bias)
                Add(queries, bias.Floats, (model.Heads + 2 * model.KvHeads) * dims);
            int position = rows.Positions[row], slot = rows.Slots[row];
            Turn(thread, queries, model.Heads, layer.QueryNorm, rotary[index], position, model.QueryScale);
            Turn(thread, keys, model.KvHeads, layer.KeyNorm, rotary[index], position, 1);
            if (slot >= 0 && rows.Forms[row] == CacheForm.Kv)
                cache.Write(index, slot, keys, values);
            else if (slot >= 0 && rows.Forms[row] == CacheForm.Int8)
                compact.WriteInt8(index, slot, keys, values);
        }
    }

    private void Turn(int thread, float* heads, int count, NativeBuffer? norm, RotaryTable table, int position, float scale)
    {
        int dims = model.HeadDim;
        for (float* head = heads; head < heads + count * dims; head += dims)
        {
            if (norm is not null)
                NormaliseHead(head, norm, space.Row(thread));
            kernels.Rotate(head, dims, table.Dims, table.Cosines(position), table.Sines(position), scale);
        }
    }

    /// <summary>By way of a padded row: heads lie side by side, and the kernel writes whole panels.</summary>
    private void NormaliseHead(float* head, NativeBuffer norm, float* padded)
    {
        int dims = model.HeadDim;
        new Span<float>(padded, PackedMatrix.Pad(dims)).Clear();
        new ReadOnlySpan<float>(head, dims).CopyTo(new Span<float>(padded, dims));
        kernels.AddNorm(padded, null, norm.Floats, padded, dims, model.NormEpsilon);
        new ReadOnlySpan<float>(padded, dims).CopyTo(new Span<float>(head, dims));
    }

    private static void Add(float* target, float* addend, int count)
    {
        for (int i = 0; i < count; i++)
            target[i] += addend[i];
    }

    private void Attend(int thread, int layer, int round)
    {
        var (first, end) = attention.Items(round);
        int headGroup = group * model.HeadDim;
        fixed (int* tables = batch.BlockTables)
        {
            for (int next; (next = first * model.KvHeads + Interlocked.Increment(ref nextItem[layer * scratch.Plan.Rounds + round]) - 1) < end * model.KvHeads;)
            {
                var item = attention[next / model.KvHeads];
                int kvHead = next % model.KvHeads;
                bool rebuilt = batch.Forms[item.Sequence] != CacheForm.Kv;
                kernels.Attend(new AttentionCall
                {
                    Layout = rebuilt ? scratch.Store.Layout : cache.Layout,
                    Blocks = rebuilt ? scratch.Store.Device : cache.Device,
                    BlockTable = rebuilt ? scratch.TableOf(item.Sequence) : tables + (long)item.Sequence * batch.BlockTableStride,
                    Layer = rebuilt ? 0 : layer,
                    Window = model.LayerSpecs[layer].Window,
                    Softcap = model.AttentionSoftcap,
                    KvHead = kvHead,
                    Group = group,
                    Queries = item.Queries,
                    FirstPosition = rows.Positions[item.Row],
                    Query = space.Qkv + (long)item.Row * space.QkvStride + kvHead * headGroup,
                    QueryStride = space.QkvStride,
                    Output = space.Attention + (long)item.Row * space.AttentionStride + kvHead * headGroup,
                    OutputStride = space.AttentionStride,
                    PackedQuery = space.Queries(thread),
                    Scores = space.Scores(thread),
                    ScoreStride = space.ScoreStride,
                    KeyTiles = space.KeyTiles(thread),
                    Outputs = space.Outputs(thread),
                });
            }
        }
    }

    private void Activate(int thread)
    {
        float* activated = space.Row(thread);
        var (first, end) = Share(rows.Count, thread);
        for (int row = first; row < end; row++)
        {
            kernels.Gate(model.Activation, space.GateUp + (long)row * space.GateUpStride, activated, space.GateUpStride / (2 * PackedMatrix.PanelWidth));
            LeftPacking.Pack(weights.Type, activated, model.IntermediateSize, space.Packed, tiles, row);
        }
    }

    private static RotaryTable[] RotaryTables(ModelArchitecture model, int positions)
    {
        var tables = new Dictionary<RotarySpec, RotaryTable>();
        return [.. model.LayerSpecs.Select(layer => tables.TryGetValue(layer.Rotary, out var table) ? table
            : tables[layer.Rotary] = new RotaryTable(positions, layer.Rotary.Dims, layer.Rotary.Theta, layer.Rotary.Scaling))];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int First, int End) Share(int count, int thread) =>
        ((int)((long)count * thread / team.Active), (int)((long)count * (thread + 1) / team.Active));

    public void Dispose()
    {
        team.Dispose();
        space.Dispose();
        scratch.Dispose();
        foreach (var table in rotary.Distinct())
            table.Dispose();
    }
}
