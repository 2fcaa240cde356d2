namespace Pharos.Inference.Backend;

/// <summary>Backends whose packages not every build has.</summary>
public static class OptionalBackends
{
    // By name: a reference would make every build need the packages.
    private const string Torch = "Pharos.Inference.Torch.TorchBackendProvider, Pharos.Inference.Torch";

    /// <summary>The GPU engine.</summary>
    /// <exception cref="NotSupportedException">It is not in this build; the message says how to get it.</exception>
    public static IBackendProvider RequireTorch() => Type.GetType(Torch) is { } provider
        ? (IBackendProvider)Activator.CreateInstance(provider)!
        : throw new NotSupportedException("the backend 'torch' is not in this build; build with -p:Torch=true for CUDA, or -p:Torch=cpu to try it on a processor.");
}
