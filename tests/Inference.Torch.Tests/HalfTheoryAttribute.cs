using System.Runtime.InteropServices;
using TorchSharp;

namespace Pharos.Inference.Torch.Tests;

/// <summary>A theory that multiplies fp16, which libtorch does on a processor since 2.0.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class HalfTheoryAttribute : TheoryAttribute
{
    public HalfTheoryAttribute()
    {
        if (Engines.OnCuda)
            return;
        try
        {
            using var one = torch.ones(2, 2, dtype: torch.ScalarType.Float16);
            one.mm(one).Dispose();
        }
        catch (ExternalException)
        {
            Skip = "this libtorch multiplies no fp16 on a processor";
        }
    }
}
