using System.Globalization;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>The backends this build has, by the names of <c>Pharos:Backend</c>.</summary>
public sealed class BackendFactory(ServedModel model, IOptions<PharosOptions> options, TimeProvider time) : IBackendFactory
{
    public Task<IModelBackend> OpenAsync(string device, CancellationToken ct) => options.Value.Backend switch
    {
        "cpu" => Task.Run<IModelBackend>(() => CpuBackend.Create(model.Loaded, Cpu()), ct),
        "simulated" => Task.FromResult<IModelBackend>(new SimulatedBackend(Simulated(), time)),
        "torch" => Task.Run(() => OptionalBackends.RequireTorch().Open(model.Loaded, Torch(int.Parse(device, CultureInfo.InvariantCulture))), ct),
        var other => throw new NotSupportedException($"Pharos:Backend '{other}' is not in this build; there are: cpu, torch, simulated."),
    };

    private CacheForm[] CompactForms => options.Value.Kv.Compact switch
    {
        "hidden" => [CacheForm.Hidden], "int8" => [CacheForm.Int8], "auto" => [CpuBackendOptions.CompactFormFor(model.Loaded.Shape)], _ => [],
    };

    private int ExitWindow => options.Value.Helios.Exit is { Enabled: true } exit ? exit.Window : 1;

    private CpuBackendOptions Cpu()
    {
        var settings = options.Value;
        return new CpuBackendOptions
        {
            Threads = settings.Threads > 0 ? settings.Threads : Math.Max(1, Environment.ProcessorCount / Math.Max(1, settings.Workers)),
            DeviceBytes = settings.Kv.DeviceBytes,
            HostBytes = settings.Kv.HostBytes,
            BlockSize = settings.Kv.BlockSize,
            MaxTokensPerStep = settings.Batch.MaxTokens,
            MaxSequences = settings.Batch.MaxSequences,
            CompactForms = CompactForms,
            RebuildTokens = settings.Kv.RebuildTokens,
            ExitWindow = ExitWindow,
            WeightType = settings.Dtype switch { "fp32" => WeightType.F32, "bf16" => WeightType.Bf16, "int8" => WeightType.Int8, _ => null },
            KvType = settings.Kv.Dtype switch { "fp32" => KvType.F32, "bf16" => KvType.Bf16, _ => null },
        };
    }

    private BackendSettings Torch(int device)
    {
        var settings = options.Value;
        return new BackendSettings
        {
            Accelerator = settings.Torch.Device,
            Device = device,
            Threads = settings.Threads,
            Dtype = settings.Dtype,
            KvDtype = settings.Kv.Dtype,
            DeviceBytes = settings.Kv.DeviceBytes,
            HostBytes = settings.Kv.HostBytes,
            BlockSize = settings.Kv.BlockSize,
            MaxTokensPerStep = settings.Batch.MaxTokens,
            MaxSequences = settings.Batch.MaxSequences,
            CompactForms = CompactForms,
            RebuildTokens = settings.Kv.RebuildTokens,
            ExitWindow = ExitWindow,
        };
    }

    // Time passes as for one sequence at the configured speed, however many there are; answers are letters, their length is drawn from the prompt.
    private SimulatedBackendOptions Simulated()
    {
        var settings = options.Value;
        var shape = model.Loaded.Shape;
        var bytesPerBlock = (long)settings.Kv.BlockSize * shape.CanonicalBytesPerToken;
        return new SimulatedBackendOptions
        {
            Model = shape,
            BlockSize = settings.Kv.BlockSize,
            DeviceBlocks = (int)Math.Max(1, settings.Kv.DeviceBytes / bytesPerBlock),
            HostBlocks = (int)(settings.Kv.HostBytes / bytesPerBlock),
            MaxTokensPerStep = settings.Batch.MaxTokens,
            MaxSequences = settings.Batch.MaxSequences,
            Alphabet = [.. model.Tokenizer.Encode("abcdefghijklmnopqrstuvwxyz ", parseSpecial: false)],
            EosToken = model.EndTokens[0],
            MinSegment = settings.Simulated.MinTokens,
            MaxSegment = settings.Simulated.MaxTokens,
            StepTime = settings.Simulated.TokensPerSecond > 0 ? TimeSpan.FromSeconds(1 / settings.Simulated.TokensPerSecond) : TimeSpan.Zero,
        };
    }
}
