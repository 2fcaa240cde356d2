using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>How weights are kept in memory; arithmetic is fp32 either way.</summary>
public enum WeightType
{
    /// <summary>4 bytes a weight.</summary>
    F32,

    /// <summary>2 bytes a weight: half the memory traffic, which is what decoding waits for.</summary>
    Bf16,
}

/// <summary>
/// A weight matrix [columns, depth] repacked for streaming: panels of 32 output columns, [columns / 32][depth][32], zeros beyond the
/// last column. In bf16 the 32-bit word j of a line holds column j (low half) and column j + 16 (high half).
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    public const int PanelWidth = 32;
    private readonly NativeBuffer buffer;

    public PackedMatrix(int columns, int depth, WeightType type)
    {
        (Columns, Depth, Type) = (columns, depth, type);
        Panels = (columns + PanelWidth - 1) / PanelWidth;
        buffer = new NativeBuffer((long)Panels * PanelWidth * depth * (type == WeightType.F32 ? 4 : 2));
    }

    public int Columns { get; }

    public int Depth { get; }

    public int Panels { get; }

    /// <summary>Columns rounded up to whole panels: the width of an output row.</summary>
    public int PaddedColumns => Panels * PanelWidth;

    public WeightType Type { get; }

    public long Bytes => buffer.Length;

    public static int Pad(int columns) => (columns + PanelWidth - 1) / PanelWidth * PanelWidth;

    public float* FloatPanel(int panel) => (float*)buffer.Pointer + (long)panel * PanelWidth * Depth;

    public ushort* Bf16Panel(int panel) => (ushort*)buffer.Pointer + (long)panel * PanelWidth * Depth;

    /// <summary>Sets the weights of one output column.</summary>
    /// <param name="weights">[depth]</param>
    public void SetColumn(int column, ReadOnlySpan<float> weights)
    {
        int panel = column / PanelWidth, within = column % PanelWidth;
        if (Type == WeightType.F32)
        {
            float* target = FloatPanel(panel) + within;
            for (int k = 0; k < weights.Length; k++)
                target[(long)k * PanelWidth] = weights[k];
        }
        else
        {
            ushort* target = Bf16Panel(panel) + (within < 16 ? 2 * within : 2 * (within - 16) + 1);
            for (int k = 0; k < weights.Length; k++)
                target[(long)k * PanelWidth] = Bf16.Round(weights[k]);
        }
    }

    public void Dispose() => buffer.Dispose();
}
