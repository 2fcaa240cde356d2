using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Cuda;

/// <summary>Where a tensor's memory is. TorchSharp itself tells it of few types: its storages know neither bf16 nor fp16.</summary>
internal static partial class TensorAddress
{
    /// <summary>Of the first element, on the tensor's device; valid as long as the tensor lives.</summary>
    public static nint Address(this Tensor tensor)
    {
        nint address = Data(tensor.Handle);
        GC.KeepAlive(tensor);
        return address;
    }

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
    private static partial nint Data(nint handle);
}
