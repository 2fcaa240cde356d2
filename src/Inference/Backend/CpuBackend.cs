using System.Diagnostics;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Models;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Backend;

/// <summary>The engine on the processor: native memory, explicit vector instructions, its own threads.</summary>
public sealed class CpuBackend : IModelBackend
{
    private readonly SharedWeights.Lease lease;
    private readonly KvStore cache;
    private readonly Transformer model;
    private readonly EngineThread engine;
    private readonly BlockMover mover;
    private readonly Action<object, object> forward;
    private bool disposed;

    private CpuBackend(LoadedModel source, CpuBackendOptions options, KvLayout layout, int deviceBlocks, int hostBlocks, int threads)
    {
        Model = source.Shape;
        int rebuildTokens = RebuildTokens(source.Shape, options);
        Kv = new KvShape(options.BlockSize, deviceBlocks, hostBlocks, layout.BytesPerBlock) { CompactForms = [.. options.CompactForms], MaxCompactContext = rebuildTokens };
        Limits = new BackendLimits(
            options.MaxTokensPerStep, options.MaxSequences, Math.Min(256, options.MaxTokensPerStep), IsBatchInvariant: true, SamplesTokens: false, CopiesBesideSteps: true, SamplingThreads: threads)
        {
            ExitLayers = options.ExitWindow == 1 ? [] : ExitsOf(source.Architecture, layout), ExitWindow = options.ExitWindow,
        };
        Kernels = options.Instructions is { } path ? KernelSet.For(path) : KernelSet.Best;
        Threads = threads;
        lease = SharedWeights.Rent(source, TypeOf(source, options.WeightType));
        cache = new KvStore(layout, deviceBlocks, hostBlocks);
        model = new Transformer(source.Architecture, lease.Weights, cache, Kernels, threads, Limits, options.WorkForThreads, rebuildTokens);
        forward = Forward;
        engine = new EngineThread($"pharos-engine-{Model.Name}");
        mover = new BlockMover(cache, engine, options.CopyShare, $"pharos-copies-{Model.Name}");
    }

    public ModelShape Model { get; }

    public KvShape Kv { get; }

    public BackendLimits Limits { get; }

    /// <summary>Threads of the kernels, the engine's own among them.</summary>
    public int Threads { get; }

    /// <summary>Instructions the kernels use.</summary>
    public InstructionPath Instructions => Kernels.Path;

    /// <summary>How the weights are kept.</summary>
    public WeightType WeightType => lease.Weights.Type;

    /// <summary>Bytes of weights that a step reads.</summary>
    public long StepBytes => lease.Weights.MatrixBytes;

    /// <summary>Bytes of the packed weights.</summary>
    public long WeightBytes => lease.Weights.Bytes;

    /// <summary>How keys and values are kept.</summary>
    public KvType KvType => cache.Layout.Type;

    public BlockTransfers Transfers => new(mover.Moved.Blocks, mover.Moved.Seconds);

    internal KernelSet Kernels { get; }

    internal Transformer Transformer => model;

    internal TransformerWeights Weights => lease.Weights;

    /// <summary>Packs the weights, takes the memory of the budgets and compiles the kernels: ready to serve on return.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or a budget does not hold a single block.</exception>
    /// <exception cref="ModelLoadException">A tensor is missing or of the wrong shape.</exception>
    public static CpuBackend Create(LoadedModel source, CpuBackendOptions? options = null)
    {
        options ??= new CpuBackendOptions();
        options.Validate(source.Shape);
        var layout = new KvLayout(source.Shape, options.BlockSize, options.KvType ?? KvTypeOf(source), options.CompactForms.Contains(CacheForm.Int8), options.KeepsStates);
        long scratch = RebuildScratch.BlocksFor(RebuildTokens(source.Shape, options), options.BlockSize) * layout.OfOneLayer().BytesPerBlock;
        int deviceBlocks = BlocksIn(options.DeviceBytes - scratch, layout, nameof(options.DeviceBytes));
        int hostBlocks = options.HostBytes == 0 ? 0 : BlocksIn(options.HostBytes, layout, nameof(options.HostBytes));
        var backend = new CpuBackend(source, options, layout, deviceBlocks, hostBlocks, options.Threads ?? Math.Max(1, Environment.ProcessorCount - 1));
        backend.WarmUp();
        return backend;
    }

    /// <summary>About the bytes that the packed weights of a model take, before they are loaded.</summary>
    public static long WeightBytesOf(LoadedModel source, WeightType? type = null)
    {
        var model = source.Architecture;
        long elements = model.Parameters + (long)model.VocabularySize * model.HiddenSize, embedding = (long)model.VocabularySize * model.HiddenSize;
        return TypeOf(source, type) switch { WeightType.F32 => elements * 4, WeightType.Bf16 => elements * 2, _ => (elements - embedding) * 34 / 32 + embedding * 2 };
    }

    /// <summary>Bytes of one token's keys and values.</summary>
    public static long KvBytesPerToken(LoadedModel source, KvType? type = null, bool states = false) =>
        (long)source.Shape.CanonicalBytesPerToken * ((type ?? KvTypeOf(source)) == KvCache.KvType.F32 ? 2 : 1) + (states ? source.Shape.HiddenSize * sizeof(float) : 0);

    public ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct)
    {
        StepValidation.RequireValid(batch, Model, Kv, Limits);
        batch.CopyFence = mover.IsIdle ? 0 : mover.Fences.ToRun(batch, Kv);
        return engine.Post(forward, batch, result, ct);
    }

    public void CopyBlocks(ReadOnlySpan<BlockCopy> copies)
    {
        cache.RequireValid(copies);
        while (!copies.IsEmpty)
        {
            int run = 1;
            while (run < copies.Length && IsWithinDevice(copies[run]) == IsWithinDevice(copies[0]))
                run++;
            if (IsWithinDevice(copies[0]))
                CopyWithinDevice(copies[..run].ToArray());
            else
                mover.Post(copies[..run]);
            copies = copies[run..];
        }
    }

    public async ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, KvSpan span, CancellationToken ct)
    {
        CanonicalKv.RequireValid(Kv, blocks.Span, span);
        long fence = mover.Fences.ToRead(blocks.Span);
        byte[] chunk = [];
        await engine.Post(
            (_, _) =>
            {
                mover.WaitFor(fence);
                chunk = CanonicalKv.Export(cache, Model, blocks.Span, span);
            }, this, this, ct);
        return chunk;
    }

    public async ValueTask<KvSpan> ImportBlocksAsync(ReadOnlyMemory<byte> chunk, ReadOnlyMemory<int> blocks, CancellationToken ct)
    {
        var (type, span) = KvChunk.Read(Model, chunk.Span);
        CanonicalKv.RequireValid(Kv, blocks.Span, span);
        long fence = mover.Fences.ToWrite(blocks.Span);
        await engine.Post(
            (_, _) =>
            {
                mover.WaitFor(fence);
                CanonicalKv.Import(cache, chunk.Span, blocks.Span, type, span);
            }, this, this, ct);
        return span;
    }

    /// <summary>The other has fewer layers of the same model, and keeps what is needed to go on from them.</summary>
    public bool CanDeepen(IModelBackend other) => other is CpuBackend { cache.Layout: var lower } && lower.StateBytes > 0 && other.Model.Layers < Model.Layers
        && other.Model.WholeFingerprint == Model.WholeFingerprint && lower.Type == cache.Layout.Type && lower.BlockSize == cache.Layout.BlockSize;

    /// <summary>
    /// Takes over the first tokens of a sequence from a backend of fewer layers: its keys and values are copied, those of the upper layers computed from the residuals that it
    /// kept. Nothing else may use either backend meanwhile.
    /// </summary>
    /// <param name="from">The sequence's table there.</param>
    /// <param name="into">Its table here.</param>
    public async ValueTask DeepenAsync(CpuBackend shallow, ReadOnlyMemory<int> from, ReadOnlyMemory<int> into, int tokens, CancellationToken ct)
    {
        if (!CanDeepen(shallow))
            throw new ArgumentException($"{Model.Name} cannot go on from caches of {shallow.Model.Name}: that is not its first layers, or keeps no residuals.", nameof(shallow));
        CanonicalKv.RequireValid(Kv, into.Span, new KvSpan(0, tokens));
        CanonicalKv.RequireValid(shallow.Kv, from.Span, new KvSpan(0, tokens));
        int[] source = from.ToArray(), target = into.ToArray();
        long arrived = shallow.mover.Fences.ToRead(source), left = mover.Fences.ToWrite(target);
        await engine.Post(
            (_, _) =>
            {
                shallow.mover.WaitFor(arrived);
                mover.WaitFor(left);
                cache.CopyLayers(shallow.cache, source, target, (tokens + Kv.BlockSize - 1) / Kv.BlockSize);
                Deepen(new Transformer.KvStoreView(shallow.cache, source), target, tokens);
            }, this, this, ct);
    }

    private void Deepen(Transformer.KvStoreView below, int[] blocks, int tokens)
    {
        var (batch, result) = (new StepBatch(), new StepResult());
        result.ReserveExits(1, 1);
        for (int first = 0; first < tokens; first += Limits.PreferredChunk)
        {
            int count = Math.Min(Limits.PreferredChunk, tokens - first);
            batch.Reset(count, 1, blocks.Length);
            (batch.TokenCount, batch.SequenceCount, batch.QueryStart[1], batch.ContextLengths[0]) = (count, 1, count, first + count);
            blocks.CopyTo(batch.BlockTables, 0);
            for (int i = 0; i < count; i++)
                (batch.Positions[i], batch.SlotMapping[i]) = (first + i, blocks[(first + i) / Kv.BlockSize] * Kv.BlockSize + (first + i) % Kv.BlockSize);
            model.Deepen(batch, result, below);
        }
    }

    /// <summary>Finishes what was posted, then frees everything.</summary>
    public ValueTask DisposeAsync()
    {
        if (!disposed)
        {
            disposed = true;
            engine.Dispose(); // its commands may wait for copies
            mover.Dispose();
            model.Dispose();
            cache.Dispose();
            lease.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    // A model's first layers are kept as the whole of it.
    private static bool IsLarge(LoadedModel source) => source.WholeParameters >= CpuBackendOptions.LargeModel;

    private static WeightType TypeOf(LoadedModel source, WeightType? wanted) =>
        wanted ?? (IsLarge(source) || source.StoredType >= TensorType.BF16 ? WeightType.Bf16 : WeightType.F32);

    private static KvType KvTypeOf(LoadedModel source) => IsLarge(source) ? KvCache.KvType.Bf16 : KvCache.KvType.F32;

    // Exits where a residual does not fit into the place that waits for it, or after which nothing is left, are none.
    private static int[] ExitsOf(ModelArchitecture model, KvLayout layout) =>
        [.. model.EarlyExitLayers.Where(layer => ExitStates.Fits(layout, layer)).Take(Deficit.MaxExits)];

    private static int RebuildTokens(ModelShape model, CpuBackendOptions options) =>
        options.CompactForms.Count == 0 ? 0 : Math.Min(options.RebuildTokens, model.MaxPositions);

    private static int BlocksIn(long bytes, KvLayout layout, string option)
    {
        long blocks = bytes / layout.BytesPerBlock;
        if (blocks <= 0)
            throw new ArgumentException(
                $"CpuBackendOptions.{option} is {bytes}; one KV block of {layout.BlockSize} tokens of this model needs {layout.BytesPerBlock} bytes.", option);
        return (int)Math.Min(blocks, int.MaxValue / layout.BlockSize);
    }

    private static bool IsWithinDevice(BlockCopy copy) => copy is { From: KvTier.Device, To: KvTier.Device };

    // On the engine's thread: the next step needs them, and waits for nothing else.
    private void CopyWithinDevice(BlockCopy[] copies)
    {
        long fence = 0;
        foreach (var copy in copies)
            fence = Math.Max(fence, mover.Fences.ToCopy(copy));
        _ = engine.Post(
            (_, _) =>
            {
                mover.WaitFor(fence);
                foreach (var copy in copies)
                    cache.Copy(copy);
            }, this, this, CancellationToken.None).AsTask();
    }

    private void Forward(object batch, object result)
    {
        long start = Stopwatch.GetTimestamp();
        var step = (StepBatch)batch;
        var output = (StepResult)result;
        mover.WaitFor(step.CopyFence);
        output.Reserve(step.LogitRowCount, Model.VocabularySize, logits: true);
        output.ReserveExits(step.LogitRowCount, step.SequenceCount);
        model.Forward(step, output, Model.Layers);
        output.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Runs steps that write nothing, so that no request waits for the compiler.</summary>
    private void WarmUp()
    {
        int longest = Math.Min(Math.Min(Kernels.TileRows, Limits.MaxTokens), Math.Min(Model.MaxPositions, Kv.DeviceBlocks * Kv.BlockSize));
        var batch = new StepBatch();
        var result = new StepResult();
        for (int count = 1; count <= longest; count++)
        {
            int blocks = (count + Kv.BlockSize - 1) / Kv.BlockSize;
            batch.Reset(count, 1, blocks);
            (batch.TokenCount, batch.SequenceCount, batch.LogitRowCount) = (count, 1, 0);
            for (int i = 0; i < count; i++)
                (batch.TokenIds[i], batch.Positions[i], batch.SlotMapping[i]) = (0, i, -1);
            batch.BlockTables.AsSpan(0, blocks).Clear();
            (batch.QueryStart[1], batch.ContextLengths[0], batch.LogitRows[0]) = (count, count, count - 1);
            model.Forward(batch, result, depth: 1); // every number of rows has kernels of its own, every layer the same
        }
        batch.LogitRowCount = 1;
        Forward(batch, result);
    }
}
