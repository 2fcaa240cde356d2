using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Cuda;

/// <summary>Where a tensor's memory is.</summary>
internal static class TensorAddress
{
    /// <summary>Address of the storage behind a tensor on its device; valid as long as the tensor lives.</summary>
    public static nint Address(this Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Float32 => tensor.storage<float>().data_ptr(),
        ScalarType.BFloat16 => tensor.storage<BFloat16>().data_ptr(),
        ScalarType.Float16 => tensor.storage<Half>().data_ptr(),
        var other => throw new ArgumentException($"No address is known for a tensor of {other}.", nameof(tensor)),
    };
}
