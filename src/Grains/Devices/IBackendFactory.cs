using Pharos.Inference.Backend;
using Pharos.Inference.Serving;

namespace Pharos.Grains.Devices;

/// <summary>Makes the configured backend for a device of this machine.</summary>
public interface IBackendFactory
{
    /// <exception cref="Inference.Loading.ModelLoadException">The model or the device cannot be used; the message says why.</exception>
    Task<IModelBackend> OpenAsync(string device, ServedModel candidate, CancellationToken ct);
}
