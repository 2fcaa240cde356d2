using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>The norm of all models here, over the last dimension.</summary>
internal static class RootMeanSquare
{
    /// <param name="values">In fp32.</param>
    public static Tensor Scale(Tensor values, Tensor norm, float epsilon) =>
        values.mul(values.mul(values).mean([-1], keepdim: true).add_(Scalars.Of((double)epsilon), Scalars.One).rsqrt_()).mul_(norm);
}
