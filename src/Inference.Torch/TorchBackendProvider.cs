using Pharos.Inference.Backend;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Torch;

/// <summary>What <see cref="OptionalBackends"/> finds by name.</summary>
public sealed class TorchBackendProvider : IBackendProvider
{
    public IModelBackend Open(LoadedModel model, BackendSettings settings) => TorchBackend.Create(model, settings);

    public DeviceSpeeds Measure(BackendSettings settings, string dtype) => DeviceProbe.Measure(TorchDevice.Open(settings), dtype);
}
