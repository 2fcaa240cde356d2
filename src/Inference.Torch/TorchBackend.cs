using System.Diagnostics;
using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Models;
using Pharos.Inference.Torch.Batching;
using Pharos.Inference.Torch.Cuda;
using Pharos.Inference.Torch.KvCache;
using Pharos.Inference.Torch.Models;
using Pharos.Inference.Torch.Sampling;
using Pharos.Scheduling.Worker;
using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch;

/// <summary>
/// The engine on a CUDA device by way of TorchSharp, or on the processor to be compared. One thread gives the device its work and waits for it once a
/// step, for the chosen tokens.
/// </summary>
public sealed class TorchBackend : IModelBackend
{
    private readonly TorchDevice device;
    private readonly TorchBackendOptions options;
    private readonly EngineThread engine;
    private readonly Action<object, object> forward;
    private readonly SamplingPlan sampling = new();
    private readonly StepLayout layout;

    // Made and used on the engine's thread.
    private TorchWeights weights = null!;
    private TorchKvPool pool = null!;
    private TorchTransformer model = null!;
    private StepInputs inputs = null!;
    private StepRows rows = null!;
    private StepExits exits = null!;
    private EarlyExits early = null!;
    private DeviceSampler sampler = null!;
    private ITierCopies copies = null!;
    private Tensor? forCaller; // pinned, where logits come back
    private Exception? copyFailure;
    private bool disposed;

    private TorchBackend(TorchDevice device, TorchBackendOptions options, LoadedModel source, KvShape shape)
    {
        (this.device, this.options, Model, Kv) = (device, options, source.Shape, shape);
        long gathered = options.GatherBytes / (shape.BytesPerBlock / (2 * source.Shape.Layers));
        layout = new StepLayout(
            shape.BlockSize, shape.DeviceBlocks, options.MostPadding, Math.Max(1, gathered), Math.Max(1, (shape.MaxCompactContext + shape.BlockSize - 1) / shape.BlockSize));
        forward = Forward;
        engine = new EngineThread($"pharos-torch-{Model.Name}-{device.Name}");
    }

    public ModelShape Model { get; }

    public KvShape Kv { get; }

    public BackendLimits Limits { get; private set; } = null!;

    public BlockTransfers Transfers => copies.Moved;

    /// <summary>Where it runs and how it keeps things, in words.</summary>
    public string Description =>
        $"{device.Name}, weights {options.Compute}, KV {options.Kv}, swaps {(copies.RunBesideSteps ? "on a stream of their own" : "between steps")}";

    /// <summary>Share of padding in what attention gathered in the last step.</summary>
    internal double Padding => layout.Padding;

    /// <summary>Uploads the weights, takes the memory of the budgets and runs the largest steps once: ready to serve on return.</summary>
    /// <exception cref="NotSupportedException">The native library or the device is missing, or the memory does not suffice.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or a budget does not hold a single block.</exception>
    public static TorchBackend Create(LoadedModel source, BackendSettings settings) => Create(source, settings, streams: null);

    /// <param name="streams">Instead of the device's own, for tests.</param>
    internal static TorchBackend Create(LoadedModel source, BackendSettings settings, IDeviceStreams? streams)
    {
        var options = TorchBackendOptions.From(settings, source);
        var device = TorchDevice.Open(settings);
        var shape = source.Shape;
        long elements = 2L * shape.Layers * shape.KvHeads * shape.HeadDim * settings.BlockSize;
        long bytes = elements * (options.Kv == ScalarType.Float32 ? sizeof(float) : sizeof(ushort));
        var kv = new KvShape(
            settings.BlockSize, BlocksIn(settings.DeviceBytes, bytes, nameof(settings.DeviceBytes)),
            settings.HostBytes == 0 ? 0 : BlocksIn(settings.HostBytes, bytes, nameof(settings.HostBytes)), bytes)
        {
            CompactForms = [.. settings.CompactForms], MaxCompactContext = settings.CompactForms.Count == 0 ? 0 : Math.Min(settings.RebuildTokens, shape.MaxPositions),
        };
        var backend = new TorchBackend(device, options, source, kv);
        try
        {
            backend.OnEngine(() => backend.Start(source, streams));
            return backend;
        }
        catch (Exception failure)
        {
            backend.DisposeAsync().AsTask().GetAwaiter().GetResult();
            if (failure is ExternalException or CudaException)
                throw new NotSupportedException(Why(failure.Message.Split('\n', 2)[0]), failure);
            throw;
        }

        string Why(string reason) => reason.Contains("memory", StringComparison.OrdinalIgnoreCase)
            ? $"{device.Name} cannot hold the model, {kv.DeviceBlocks} blocks of KV cache ({kv.DeviceBlocks * bytes >> 20} MiB) and a step of {settings.MaxTokensPerStep} tokens: {reason} Lower Kv:DeviceBytes, Kv:HostBytes or Batch:MaxTokens."
            : $"{device.Name} cannot run the model with weights in {options.Compute} and keys and values in {options.Kv}: {reason}";
    }

    public ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct)
    {
        // Before anything reaches the native library: an index that is out of range ends a device's context for good.
        StepValidation.RequireValid(batch, Model, Kv, Limits);
        return engine.Post(forward, batch, result, ct);
    }

    public void CopyBlocks(ReadOnlySpan<BlockCopy> wanted)
    {
        foreach (var copy in wanted)
        {
            if ((uint)copy.Source >= (uint)BlocksOf(copy.From) || (uint)copy.Target >= (uint)BlocksOf(copy.To) || copy is { From: KvTier.Host, To: KvTier.Host })
                throw new ArgumentOutOfRangeException(nameof(wanted), copy, $"Blocks are 0..{Kv.DeviceBlocks - 1} on the device and 0..{Kv.HostBlocks - 1} on the host, and one end of a copy is the device.");
        }
        _ = engine.Post((list, _) => TryCopy((BlockCopy[])list), wanted.ToArray(), this, CancellationToken.None).AsTask();
    }

    public async ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, KvSpan span, CancellationToken ct)
    {
        CanonicalKv.RequireValid(Kv, blocks.Span, span);
        byte[] chunk = [];
        await engine.Post(
            (_, _) =>
            {
                using var mode = inference_mode();
                copies.WaitFor(blocks.Span, toWrite: false);
                chunk = pool.Export(blocks.Span, span, options.Chunk);
            }, this, this, ct);
        return chunk;
    }

    public async ValueTask<KvSpan> ImportBlocksAsync(ReadOnlyMemory<byte> chunk, ReadOnlyMemory<int> blocks, CancellationToken ct)
    {
        var (type, span) = KvChunk.Read(Model, chunk.Span);
        CanonicalKv.RequireValid(Kv, blocks.Span, span);
        await engine.Post(
            (_, _) =>
            {
                using var mode = inference_mode();
                copies.WaitFor(blocks.Span, toWrite: true);
                pool.Import(chunk.Span, blocks.Span, type, span);
            }, this, this, ct);
        return span;
    }

    /// <summary>Finishes what was posted, then frees everything.</summary>
    public ValueTask DisposeAsync()
    {
        if (!disposed)
        {
            disposed = true;
            OnEngine(Free);
            engine.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    private static int BlocksIn(long bytes, long bytesOfBlock, string option)
    {
        long blocks = bytes / bytesOfBlock;
        if (blocks == 0)
            throw new ArgumentException($"{option} is {bytes}; one KV block of this model needs {bytesOfBlock} bytes.", option);
        return (int)Math.Min(blocks, int.MaxValue / 2);
    }

    private int BlocksOf(KvTier tier) => tier == KvTier.Device ? Kv.DeviceBlocks : Kv.HostBlocks;

    private void OnEngine(Action action) => engine.Post((run, _) => ((Action)run)(), action, this, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private void Start(LoadedModel source, IDeviceStreams? streams)
    {
        using var mode = inference_mode();
        var runtime = device.IsCuda ? CudaRuntime.TryFind() : null;
        runtime?.SetDevice(device.Device.index);
        streams ??= runtime;
        weights = new TorchWeights(source, device.Device, options.Compute);
        pool = new TorchKvPool(Model, Kv, options.Kv, options.Compute, device.Device);
        int positions = (int)Math.Min(Model.MaxPositions, (long)Kv.DeviceBlocks * Kv.BlockSize);
        int turned = Math.Max(positions, Kv.MaxCompactContext) + Kv.BlockSize; // contexts are rebuilt in whole blocks
        model = new TorchTransformer(source.Architecture, weights, pool, turned, options.Compute, device.Device);
        inputs = new StepInputs(device.Device, options.Compute, Model.MaxPositions + Kv.BlockSize, Kv.BlockSize);
        sampler = new DeviceSampler(device.Device);
        copies = streams is null ? new PlainCopies(pool, Kv, device.Device) : new StreamCopies(streams, pool.Address, Kv, 2 * Model.Layers);
        var settings = options.Settings;
        Limits = new BackendLimits(
            settings.MaxTokensPerStep, settings.MaxSequences, Math.Min(512, settings.MaxTokensPerStep), IsBatchInvariant: false, SamplesTokens: true,
            CopiesBesideSteps: copies.RunBesideSteps)
        {
            ExitLayers = settings.ExitWindow == 1 ? [] : ExitsOf(source.Architecture), ExitWindow = settings.ExitWindow,
        };
        rows = new StepRows(Limits.MaxTokens + (Limits.ExitLayers.Length == 0 ? 0 : Limits.MaxSequences * (Limits.ExitWindow - 1))); // deficits are rows too
        exits = new StepExits(Limits, Model.Layers);
        early = new EarlyExits(exits, rows, layout, inputs, new ResidualStates(pool, Model.HiddenSize), Kv.BlockSize);
        var result = new StepResult();
        foreach (var largest in LargestSteps.Of(Limits, Kv, positions, device.IsCuda ? layout.MostBlocks : 1))
            Forward(largest, result);
    }

    // Exits where a residual does not fit into the place that waits for it, or after which nothing is left, are none.
    private int[] ExitsOf(ModelArchitecture model) =>
        [.. model.EarlyExitLayers.Where(layer => ResidualStates.Fits(options.Kv, model.Layers - layer, pool.Width, model.HiddenSize)).Take(Deficit.MaxExits)];

    private void Free()
    {
        copies?.Dispose(); // first: what it copies belongs to the pool
        forCaller?.Dispose();
        sampler?.Dispose();
        inputs?.Dispose();
        model?.Dispose();
        pool?.Dispose();
        weights?.Dispose();
    }

    // Nobody waits for copies: a failure is the next step's, which must not run on what they left.
    private void TryCopy(BlockCopy[] wanted)
    {
        try
        {
            Copy(wanted);
        }
        catch (Exception failure)
        {
            copyFailure ??= failure;
        }
    }

    private void Copy(ReadOnlySpan<BlockCopy> wanted)
    {
        using var mode = inference_mode();
        while (!wanted.IsEmpty)
        {
            bool within = IsWithinDevice(wanted[0]);
            int run = 1;
            while (run < wanted.Length && IsWithinDevice(wanted[run]) == within)
                run++;
            if (within)
                CopyWithinDevice(wanted[..run]);
            else
                copies.Start(wanted[..run]);
            wanted = wanted[run..];
        }
    }

    private static bool IsWithinDevice(BlockCopy copy) => copy is { From: KvTier.Device, To: KvTier.Device };

    private void CopyWithinDevice(ReadOnlySpan<BlockCopy> wanted)
    {
        foreach (var copy in wanted)
        {
            copies.WaitFor([copy.Source], toWrite: false);
            copies.WaitFor([copy.Target], toWrite: true);
            pool.Copy(copy.Source, copy.Target);
        }
    }

    private void Forward(object batch, object result)
    {
        long start = Stopwatch.GetTimestamp();
        var (step, output) = ((StepBatch)batch, (StepResult)result);
        if (copyFailure is not null)
            throw new InvalidOperationException($"Copying blocks failed: {copyFailure.Message}", copyFailure);
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        copies.WaitFor(step);
        if (Limits.ExitLayers.Length > 0)
            output.ReserveExits(step.LogitRowCount, step.SequenceCount);
        rows.Begin(step);
        exits.Begin(step, output, Model.Layers);
        layout.Plan(step, rows, exits.Wanted);
        inputs.Send(layout);
        if (exits.Asks)
            early.Begin(step);
        var logits = model.Forward(inputs, exits.Asks ? early : null);
        if (logits is null)
            _ = inputs.Positions.narrow(0, 0, 1).to(torch.CPU); // nothing comes back: wait for the step all the same
        else
            Answer(step, output, logits);
        output.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Brings the tokens to the host, and the logits that the caller wants: the one place where the host waits for the device.</summary>
    private void Answer(StepBatch step, StepResult output, Tensor logits)
    {
        sampling.Plan(step, Model.VocabularySize);
        var callers = sampling.ByCaller;
        output.Reserve(step.LogitRowCount, Model.VocabularySize, logits: callers.Count > 0);
        var (tokens, wanted) = sampler.Choose(logits, sampling);
        var landing = wanted is null ? null : Landing(callers.Count);
        landing?.copy_(wanted!, nonBlocking: true);
        var ids = MemoryMarshal.Cast<byte, long>(tokens.to(torch.CPU).bytes);
        for (int row = 0; row < step.LogitRowCount; row++)
            output.Tokens[row] = (int)ids[row];
        if (landing is null)
            return;
        int width = Model.VocabularySize;
        var rows = MemoryMarshal.Cast<byte, float>(landing.bytes);
        for (int i = 0; i < callers.Count; i++)
            rows.Slice(i * width, width).CopyTo(output.Logits.AsSpan(callers[i] * width, width));
    }

    private Tensor Landing(int rows)
    {
        if (forCaller is null || forCaller.shape[0] < rows)
        {
            forCaller?.Dispose();
            var plain = empty(rows, Model.VocabularySize, dtype: ScalarType.Float32);
            forCaller = (device.IsCuda ? plain.pin_memory() : plain).DetachFromDisposeScope();
        }
        return forCaller.narrow(0, 0, rows);
    }
}
