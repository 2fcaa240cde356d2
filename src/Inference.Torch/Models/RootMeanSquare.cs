using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>The norm of all models here, over the last dimension.</summary>
internal static class RootMeanSquare
{
    /// <param name="values">In fp32.</param>
    public static Tensor Scale(Tensor values, Tensor norm, float epsilon) =>
        values.mul(values.square().mean([-1], keepdim: true).add_(epsilon).rsqrt_()).mul_(norm);
}
