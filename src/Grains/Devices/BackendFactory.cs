using System.Globalization;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Inference.Backend;
using Pharos.Inference.Chat;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>The backends this build has, by the names of <c>Pharos:Backend</c>.</summary>
public sealed class BackendFactory(IOptions<PharosOptions> options, TimeProvider time) : IBackendFactory
{
    public Task<IModelBackend> OpenAsync(string device, ServedModel candidate, CancellationToken ct) => options.Value.Backend switch
    {
        "cpu" => Task.Run<IModelBackend>(() => CpuBackend.Create(candidate.Loaded, Cpu(candidate)), ct),
        "simulated" => Task.FromResult<IModelBackend>(new SimulatedBackend(Simulated(candidate), time)),
        "torch" => Task.Run(() => OptionalBackends.RequireTorch().Open(candidate.Loaded, Torch(candidate, int.Parse(device, CultureInfo.InvariantCulture))), ct),
        var other => throw new NotSupportedException($"Pharos:Backend '{other}' is not in this build; there are: cpu, torch, simulated."),
    };

    private CacheForm[] CompactForms(ServedModel candidate) => options.Value.Kv.Compact switch
    {
        "hidden" => [CacheForm.Hidden], "int8" => [CacheForm.Int8], "auto" => [CpuBackendOptions.CompactFormFor(candidate.Loaded.Shape)], _ => [],
    };

    private int ExitWindow => options.Value.Helios.Exit is { Enabled: true } exit ? exit.Window : 1;

    private CpuBackendOptions Cpu(ServedModel candidate)
    {
        var settings = options.Value;
        return new CpuBackendOptions
        {
            Threads = settings.Threads > 0 ? settings.Threads : Math.Max(1, Environment.ProcessorCount / Math.Max(1, settings.Workers)),
            DeviceBytes = CandidateMemory.DeviceBytes(settings, candidate.Loaded),
            HostBytes = settings.Kv.HostBytes,
            BlockSize = settings.Kv.BlockSize,
            MaxTokensPerStep = settings.Batch.MaxTokens,
            MaxSequences = settings.Batch.MaxSequences,
            CompactForms = CompactForms(candidate),
            RebuildTokens = settings.Kv.RebuildTokens,
            KeepsStates = CandidateMemory.KeepsStates(settings, candidate.Loaded),
            ExitWindow = ExitWindow,
            WeightType = CandidateMemory.WeightTypeOf(settings),
            KvType = CandidateMemory.KvTypeOf(settings),
        };
    }

    private BackendSettings Torch(ServedModel candidate, int device)
    {
        var settings = options.Value;
        return new BackendSettings
        {
            Accelerator = settings.Torch.Device,
            Device = device,
            Threads = settings.Threads,
            Dtype = settings.Dtype,
            KvDtype = settings.Kv.Dtype,
            DeviceBytes = CandidateMemory.DeviceBytes(settings, candidate.Loaded),
            HostBytes = settings.Kv.HostBytes,
            BlockSize = settings.Kv.BlockSize,
            MaxTokensPerStep = settings.Batch.MaxTokens,
            MaxSequences = settings.Batch.MaxSequences,
            CompactForms = CompactForms(candidate),
            RebuildTokens = settings.Kv.RebuildTokens,
            ExitWindow = ExitWindow,
        };
    }

    private static string CallIn(ToolMarkup markup) =>
        $$$"""{{{markup.Openers[0]}}}{{{markup.Frame.First}}}{"name": "calculator", "{{{markup.ArgumentsKey}}}": {"expression": "6*7"}}{{{markup.Frame.Last}}}{{{markup.Closer}}}""";

    // Time passes as for one sequence at the configured speed, however many there are; answers are letters, their length is drawn from the prompt.
    private SimulatedBackendOptions Simulated(ServedModel model)
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
            Calls = [[.. model.Tokenizer.Encode(CallIn(model.Format.Markup), parseSpecial: true)]],
            CallShare = settings.Simulated.CallShare,
            StepTime = settings.Simulated.TokensPerSecond > 0 ? TimeSpan.FromSeconds(1 / settings.Simulated.TokensPerSecond) : TimeSpan.Zero,
        };
    }
}
