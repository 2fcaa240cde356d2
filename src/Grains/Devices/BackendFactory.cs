using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;

namespace Pharos.Grains.Devices;

/// <summary>The backends this build has, by the names of <c>Pharos:Backend</c>.</summary>
public sealed class BackendFactory(ServedModel model, IOptions<PharosOptions> options) : IBackendFactory
{
    public Task<IModelBackend> OpenAsync(string device, CancellationToken ct) => options.Value.Backend switch
    {
        "cpu" => Task.Run<IModelBackend>(() => CpuBackend.Create(model.Loaded, Cpu()), ct),
        var other => throw new NotSupportedException($"Pharos:Backend '{other}' is not in this build; there are: cpu, simulated."),
    };

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
        };
    }
}
