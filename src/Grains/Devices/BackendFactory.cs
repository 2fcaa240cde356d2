using Pharos.Inference.Backend;
namespace Pharos.Grains.Devices;
public sealed class BackendFactory : IBackendFactory { public Task<IModelBackend> OpenAsync(string device, CancellationToken ct) => throw new NotSupportedException(); }
