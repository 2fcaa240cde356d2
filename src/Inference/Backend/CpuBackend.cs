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
    private const int WarmUpRows = 30; // 12 + 12 + 6: with the sizes below every tile is compiled

    private readonly TransformerWeights weights;
    private readonly KvStore cache;
    private readonly Transformer model;
    private readonly EngineThread engine;
    private readonly Action<object, object> forward;
    private bool disposed;

    private CpuBackend(LoadedModel source, CpuBackendOptions options, KvLayout layout, int deviceBlocks, int hostBlocks, int threads)
    {
        bool large = source.Architecture.Parameters >= CpuBackendOptions.LargeModel;
        Model = source.Shape;
        Kv = new KvShape(options.BlockSize, deviceBlocks, hostBlocks, layout.BytesPerBlock);
        Limits = new BackendLimits(
            options.MaxTokensPerStep, options.MaxSequences, Math.Min(256, options.MaxTokensPerStep), IsBatchInvariant: true, SamplesTokens: false);
        Kernels = options.Instructions is { } path ? KernelSet.For(path) : KernelSet.Best;
        Threads = threads;
        weights = new TransformerWeights(source.Architecture, source.Tensors, options.WeightType ?? (large || source.StoredType == TensorType.BF16 ? WeightType.Bf16 : WeightType.F32));
        cache = new KvStore(layout, deviceBlocks, hostBlocks);
        model = new Transformer(source.Architecture, weights, cache, Kernels, threads, options.MaxTokensPerStep, options.WorkForThreads);
        forward = Forward;
        engine = new EngineThread($"pharos-engine-{Model.Name}");
    }

    public ModelShape Model { get; }

    public KvShape Kv { get; }

    public BackendLimits Limits { get; }

    /// <summary>Threads of the kernels, the engine's own among them.</summary>
    public int Threads { get; }

    /// <summary>Instructions the kernels use.</summary>
    public InstructionPath Instructions => Kernels.Path;

    /// <summary>How the weights are kept.</summary>
    public WeightType WeightType => weights.Type;

    /// <summary>Bytes of weights that a token's step reads.</summary>
    public long WeightBytes => weights.Bytes;

    /// <summary>How keys and values are kept.</summary>
    public KvType KvType => cache.Layout.Type;

    internal KernelSet Kernels { get; }

    internal Transformer Transformer => model;

    /// <summary>Packs the weights, takes the memory of the budgets and compiles the kernels: ready to serve on return.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or a budget does not hold a single block.</exception>
    /// <exception cref="ModelLoadException">A tensor is missing or of the wrong shape.</exception>
    public static CpuBackend Create(LoadedModel source, CpuBackendOptions? options = null)
    {
        options ??= new CpuBackendOptions();
        options.Validate();
        bool large = source.Architecture.Parameters >= CpuBackendOptions.LargeModel;
        var layout = new KvLayout(source.Shape, options.BlockSize, options.KvType ?? (large ? KvCache.KvType.Bf16 : KvCache.KvType.F32));
        int deviceBlocks = BlocksIn(options.DeviceBytes, layout, nameof(options.DeviceBytes));
        int hostBlocks = options.HostBytes == 0 ? 0 : BlocksIn(options.HostBytes, layout, nameof(options.HostBytes));
        var backend = new CpuBackend(source, options, layout, deviceBlocks, hostBlocks, options.Threads ?? Math.Max(1, Environment.ProcessorCount - 1));
        backend.WarmUp();
        return backend;
    }

    public ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct)
    {
        StepValidation.RequireValid(batch, Model, Kv, Limits);
        return engine.Post(forward, batch, result, ct);
    }

    public void CopyBlocks(ReadOnlySpan<BlockCopy> copies)
    {
        cache.RequireValid(copies);
        if (copies.Length > 0)
            _ = engine.Post(static (store, list) => ((KvStore)store).Copy((BlockCopy[])list), cache, copies.ToArray(), CancellationToken.None).AsTask();
    }

    public async ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, int tokens, CancellationToken ct)
    {
        CanonicalKv.RequireValid(cache, blocks.Span, tokens);
        var bytes = new byte[1][];
        await engine.Post((store, target) => ((byte[][])target)[0] = CanonicalKv.Export((KvStore)store, blocks.Span, tokens), cache, bytes, ct);
        return bytes[0];
    }

    public ValueTask ImportBlocksAsync(ReadOnlyMemory<byte> canonical, ReadOnlyMemory<int> blocks, int tokens, CancellationToken ct)
    {
        CanonicalKv.RequireValid(cache, blocks.Span, tokens);
        CanonicalKv.RequireLength(cache.Layout, canonical.Length, tokens);
        return engine.Post((store, _) => CanonicalKv.Import((KvStore)store, canonical.Span, blocks.Span, tokens), cache, cache, ct);
    }

    /// <summary>Finishes what was posted, then frees everything.</summary>
    public ValueTask DisposeAsync()
    {
        if (!disposed)
        {
            disposed = true;
            engine.Dispose();
            model.Dispose();
            cache.Dispose();
            weights.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    private static int BlocksIn(long bytes, KvLayout layout, string option)
    {
        long blocks = bytes / layout.BytesPerBlock;
        if (blocks == 0)
            throw new ArgumentException(
                $"CpuBackendOptions.{option} is {bytes}; one KV block of {layout.BlockSize} tokens of this model needs {layout.BytesPerBlock} bytes.", option);
        return (int)Math.Min(blocks, int.MaxValue / layout.BlockSize);
    }

    private void Forward(object batch, object result)
    {
        long start = Stopwatch.GetTimestamp();
        var step = (StepBatch)batch;
        var output = (StepResult)result;
        output.Reserve(step.LogitRowCount, Model.VocabularySize, logits: true);
        model.Forward(step, output.Logits, Model.Layers);
        output.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Runs steps that write nothing, so that no request waits for the compiler.</summary>
    private void WarmUp()
    {
        int longest = Math.Min(Math.Min(WarmUpRows, Limits.MaxTokens), Math.Min(Model.MaxPositions, Kv.DeviceBlocks * Kv.BlockSize));
        var batch = new StepBatch();
        var result = new StepResult();
        foreach (int rows in (int[])[1, 2, 3, 4, 8, 10, 20, longest])
        {
            int count = Math.Min(rows, longest);
            int blocks = (count + Kv.BlockSize - 1) / Kv.BlockSize;
            batch.Reset(count, 1, blocks);
            (batch.TokenCount, batch.SequenceCount, batch.LogitRowCount) = (count, 1, 1);
            for (int i = 0; i < count; i++)
                (batch.TokenIds[i], batch.Positions[i], batch.SlotMapping[i]) = (0, i, -1);
            batch.BlockTables.AsSpan(0, blocks).Clear();
            (batch.QueryStart[1], batch.ContextLengths[0], batch.LogitRows[0]) = (count, count, count - 1);
            Forward(batch, result);
        }
    }
}
