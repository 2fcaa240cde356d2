using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>
/// The kernels for one instruction set. Results are bit-identical from call to call whatever the other rows of a call are;
/// between instruction sets they differ by rounding.
/// </summary>
internal abstract unsafe class KernelSet
{
    /// <summary>The fastest set this machine runs.</summary>
    public static KernelSet Best { get; } = For(
        IsSupported(InstructionPath.Avx512) ? InstructionPath.Avx512 : IsSupported(InstructionPath.Avx2) ? InstructionPath.Avx2 : InstructionPath.Portable);

    public abstract InstructionPath Path { get; }

    /// <summary>Rows of the largest register tile: how <see cref="RowTiles"/> are to be cut.</summary>
    public abstract int TileRows { get; }

    public static bool IsSupported(InstructionPath path) => path switch
    {
        InstructionPath.Avx512 => Avx512F.IsSupported && Avx512BW.IsSupported && Avx2.IsSupported,
        InstructionPath.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    public static KernelSet For(InstructionPath path) => path switch
    {
        _ when !IsSupported(path) => throw new PlatformNotSupportedException($"This machine has no {path} instructions."),
        InstructionPath.Avx512 => new KernelSet<Avx512Path, Vector512<float>>(),
        InstructionPath.Avx2 => new KernelSet<Avx2Path, Vector256<float>>(),
        _ => new KernelSet<PortablePath, Vector128<float>>(),
    };

    /// <summary>c[rows, panels of 32] = a x weights for the panels [first, end).</summary>
    /// <param name="a">Packed by <see cref="LeftPacking"/> along <paramref name="tiles"/>.</param>
    /// <param name="stride">Floats of a row of <paramref name="c"/>; at least the padded columns.</param>
    public abstract void Multiply(PackedMatrix weights, RowTiles tiles, float* a, float* c, int stride, int firstPanel, int endPanel);

    /// <summary>x += addend (unless null); target = x / rms(x) * weight. All of padded length, zeros beyond <paramref name="width"/>.</summary>
    public abstract void AddNorm(float* x, float* addend, float* weight, float* target, int width, float epsilon);

    /// <summary>target[panel][32] = activation(gate) * up, from [panel][gate 32 | up 32].</summary>
    public abstract void Gate(Activation activation, float* gateUp, float* target, int panels);

    /// <summary>
    /// Turns the pairs (j, j + rotaryDims / 2) of one head by the angles of a position; dimensions from <paramref name="rotaryDims"/> on
    /// stay. All are multiplied by <paramref name="scale"/>.
    /// </summary>
    public abstract void Rotate(float* head, int headDim, int rotaryDims, float* cosines, float* sines, float scale);

    /// <summary>cap * tanh(x / cap) in place, as Gemma 2 bounds its logits. The row must have room up to the next multiple of 16.</summary>
    public abstract void Softcap(float* row, int count, float cap);

    /// <summary>Softmax in place. The row must have room up to the next multiple of 16, which is overwritten.</summary>
    public abstract void Softmax(float* scores, int count);

    /// <summary>Attention of some queries of one sequence to one head of keys and values.</summary>
    public abstract void Attend(in AttentionCall call);
}
