using System.Runtime.CompilerServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Models.Rotary;

namespace Pharos.Inference.Models;

/// <summary>
/// The forward pass of a Llama for ragged batches: decodes and prefill chunks in one call. Logits are bit-identical however a prompt is
/// cut into steps, whatever else the steps hold, and on any number of threads. One step at a time.
/// </summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    private readonly LlamaConfig config;
    private readonly LlamaWeights weights;
    private readonly KvStore cache;
    private readonly KernelSet kernels;
    private readonly RotaryTable rotary;
    private readonly Workspace space;
    private readonly ThreadTeam team;
    private readonly AttentionPlan attention;
    private readonly RowTiles tiles;
    private readonly RowTiles logitTiles = new(Workspace.LogitRows);
    private readonly int[] nextItem; // [layer] attention work taken
    private readonly float queryScale;
    private readonly int group;
    private readonly long workForThreads; // multiply-accumulates below which a step runs on the caller alone

    // Of the present step, for all threads.
    private StepBatch batch = null!;
    private float[] logits = [];
    private int depth;

    public LlamaModel(LlamaConfig config, LlamaWeights weights, KvStore cache, KernelSet kernels, int threads, int maxTokens, long workForThreads)
    {
        (this.config, this.weights, this.cache, this.kernels) = (config, weights, cache, kernels);
        this.workForThreads = workForThreads;
        group = config.Heads / config.KvHeads;
        queryScale = 1f / MathF.Sqrt(config.HeadDim);
        rotary = new RotaryTable(config.MaxPositions, config.HeadDim, config.RopeTheta, RopeScaling.None);
        attention = new AttentionPlan(maxTokens, group);
        int maxContext = (int)Math.Min(config.MaxPositions, (long)cache.DeviceBlocks * cache.Layout.BlockSize);
        space = new Workspace(config, maxTokens, threads, attention.QueriesOfTile * group, maxContext);
        tiles = new RowTiles(maxTokens);
        nextItem = new int[config.Layers];
        team = new ThreadTeam(threads, ForwardPart);
    }

    /// <summary>Runs one step.</summary>
    /// <param name="logits">[rows * vocabulary] receives the rows of <see cref="StepBatch.LogitRows"/>.</param>
    /// <param name="depth">Layers to run; fewer than all for an early exit.</param>
    public void Forward(StepBatch batch, float[] logits, int depth)
    {
        (this.batch, this.logits, this.depth) = (batch, logits, depth);
        attention.Cut(batch);
        tiles.Cut(batch.TokenCount, kernels.TileRows);
        Array.Clear(nextItem);
        team.Run(together: config.Parameters * batch.TokenCount >= workForThreads);
        this.batch = null!;
    }

    /// <summary>One thread's share: rows, panels and attention items are divided, depth never is.</summary>
    private void ForwardPart(int thread)
    {
        var (first, end) = Share(batch.TokenCount, thread);
        for (int row = first; row < end; row++)
            weights.Embed(batch.TokenIds[row], space.Residual + (long)row * space.HiddenStride, config.HiddenSize);

        for (int i = 0; i < depth; i++)
        {
            var layer = weights.Layers[i];
            Normalise(thread, layer.AttentionNorm, addProjected: i > 0);
            Multiply(thread, layer.QueryKeyValue, space.Qkv, space.QkvStride);
            RotateAndStore(thread, i);
            team.Barrier();
            Attend(thread, i);
            team.Barrier();
            for (int row = first; row < end; row++)
                KernelSet.PackRow(space.Attention + (long)row * space.AttentionStride, space.AttentionStride, space.Packed, tiles, row);
            Multiply(thread, layer.AttentionOutput, space.Projected, space.HiddenStride);
            Normalise(thread, layer.FeedForwardNorm, addProjected: true);
            Multiply(thread, layer.GateUp, space.GateUp, space.GateUpStride);
            Activate(thread);
            Multiply(thread, layer.Down, space.Projected, space.HiddenStride);
        }
        for (int row = 0; row < batch.LogitRowCount; row += Workspace.LogitRows)
            ComputeLogits(thread, row, Math.Min(Workspace.LogitRows, batch.LogitRowCount - row));
    }

    /// <summary>target = packed left operand x weights, between two barriers: operand complete, result complete.</summary>
    private void Multiply(int thread, PackedMatrix matrix, float* target, int stride)
    {
        team.Barrier();
        var (first, end) = Share(matrix.Panels, thread);
        kernels.Multiply(matrix, tiles, space.Packed, target, stride, first, end);
        team.Barrier();
    }

    private void Normalise(int thread, NativeBuffer norm, bool addProjected)
    {
        float* normalised = space.Row(thread);
        var (first, end) = Share(batch.TokenCount, thread);
        for (int row = first; row < end; row++)
        {
            long offset = (long)row * space.HiddenStride;
            kernels.AddNorm(
                space.Residual + offset, addProjected ? space.Projected + offset : null, norm.Floats, normalised, config.HiddenSize, config.RmsNormEpsilon);
            KernelSet.PackRow(normalised, config.HiddenSize, space.Packed, tiles, row);
        }
    }

    private void RotateAndStore(int thread, int layer)
    {
        int dims = config.HeadDim;
        var (first, end) = Share(batch.TokenCount, thread);
        for (int row = first; row < end; row++)
        {
            float* queries = space.Qkv + (long)row * space.QkvStride;
            float* keys = queries + config.Heads * dims;
            float* values = keys + config.KvHeads * dims;
            int position = batch.Positions[row];
            for (int head = 0; head < config.Heads; head++)
                kernels.Rotate(queries + head * dims, dims, rotary.Dims, rotary.Cosines(position), rotary.Sines(position), queryScale);
            for (int head = 0; head < config.KvHeads; head++)
                kernels.Rotate(keys + head * dims, dims, rotary.Dims, rotary.Cosines(position), rotary.Sines(position), 1);
            if (batch.SlotMapping[row] >= 0)
                cache.Write(layer, batch.SlotMapping[row], keys, values);
        }
    }

    private void Attend(int thread, int layer)
    {
        int work = attention.Count * config.KvHeads, headGroup = group * config.HeadDim;
        fixed (int* tables = batch.BlockTables)
        {
            for (int next; (next = Interlocked.Increment(ref nextItem[layer]) - 1) < work;)
            {
                var item = attention[next / config.KvHeads];
                int kvHead = next % config.KvHeads;
                kernels.Attend(new AttentionCall
                {
                    Layout = cache.Layout,
                    Blocks = cache.Device,
                    BlockTable = tables + (long)item.Sequence * batch.BlockTableStride,
                    Layer = layer,
                    KvHead = kvHead,
                    Group = group,
                    Queries = item.Queries,
                    FirstPosition = batch.Positions[item.Row],
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
        var (first, end) = Share(batch.TokenCount, thread);
        for (int row = first; row < end; row++)
        {
            kernels.Gate(Activation.SwiGlu, space.GateUp + (long)row * space.GateUpStride, activated, space.GateUpStride / (2 * PackedMatrix.PanelWidth));
            KernelSet.PackRow(activated, config.IntermediateSize, space.Packed, tiles, row);
        }
    }

    private void ComputeLogits(int thread, int firstRow, int count)
    {
        if (thread == 0)
            logitTiles.Cut(count, kernels.TileRows);
        team.Barrier();
        float* normalised = space.Row(thread);
        var (first, end) = Share(count, thread);
        for (int i = first; i < end; i++)
        {
            long offset = (long)batch.LogitRows[firstRow + i] * space.HiddenStride;
            kernels.AddNorm(
                space.Residual + offset, space.Projected + offset, weights.FinalNorm.Floats, normalised, config.HiddenSize, config.RmsNormEpsilon);
            KernelSet.PackRow(normalised, config.HiddenSize, space.Packed, logitTiles, i);
        }
        team.Barrier();
        var (firstPanel, endPanel) = Share(weights.Head.Panels, thread);
        kernels.Multiply(weights.Head, logitTiles, space.Packed, space.Logits, space.LogitStride, firstPanel, endPanel);
        team.Barrier();
        for (int i = first; i < end; i++)
            new ReadOnlySpan<float>(space.Logits + (long)i * space.LogitStride, config.VocabularySize)
                .CopyTo(logits.AsSpan((firstRow + i) * config.VocabularySize));
        team.Barrier();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int First, int End) Share(int count, int thread) =>
        ((int)((long)count * thread / team.Active), (int)((long)count * (thread + 1) / team.Active));

    public void Dispose()
    {
        team.Dispose();
        space.Dispose();
        rotary.Dispose();
    }
}
