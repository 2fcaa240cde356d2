using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>
/// A weight matrix [columns, depth] repacked for streaming: panels of 32 output columns, each as its <see cref="IWeightFormat"/> lays it out,
/// zeros beyond the last column.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    public const int PanelWidth = 32;
    private readonly NativeBuffer? own;
    private readonly byte* memory;
    private readonly int lineBytes;
    private readonly int groupDepth;
    private readonly int groupBytes; // scales and lines
    private readonly long panelBytes;

    /// <param name="arena">Where the weights lie and what frees them; null: in memory of their own.</param>
    public PackedMatrix(int columns, int depth, WeightType type, WeightArena? arena = null)
    {
        (Columns, Depth, Type) = (columns, depth, type);
        (lineBytes, groupDepth, groupBytes) = type switch
        {
            WeightType.F32 => Of<F32Format>(),
            WeightType.Bf16 => Of<Bf16Format>(),
            _ => Of<Int8Format>(),
        };
        Panels = (columns + PanelWidth - 1) / PanelWidth;
        panelBytes = groupDepth == 0 ? (long)depth * lineBytes : (depth + groupDepth - 1L) / groupDepth * groupBytes;
        Bytes = Panels * panelBytes;
        own = arena is null ? new NativeBuffer(Bytes) : null;
        memory = own is null ? arena!.Take(Bytes) : own.Pointer;
    }

    public int Columns { get; }

    public int Depth { get; }

    public int Panels { get; }

    /// <summary>Columns rounded up to whole panels: the width of an output row.</summary>
    public int PaddedColumns => Panels * PanelWidth;

    public WeightType Type { get; }

    public long Bytes { get; }

    public static int Pad(int columns) => (columns + PanelWidth - 1) / PanelWidth * PanelWidth;

    /// <summary>Where the lines of a panel begin from a depth on; the depth begins a group where the format has groups.</summary>
    public byte* Lines(int panel, int depth) =>
        memory + panel * panelBytes + (groupDepth == 0 ? (long)depth * lineBytes : depth / groupDepth * (long)groupBytes);

    /// <summary>Sets the weights of a panel, rounded to the matrix' type.</summary>
    /// <param name="columns">[32][depth]; zeros beyond the last column.</param>
    public void SetPanel(int panel, float* columns)
    {
        switch (Type)
        {
            case WeightType.F32:
                PanelPacking.F32(columns, Depth, (float*)Lines(panel, 0));
                break;
            case WeightType.Bf16:
                PanelPacking.Bf16(columns, Depth, (uint*)Lines(panel, 0));
                break;
            default:
                for (int first = 0; first < Depth; first += groupDepth)
                    PanelPacking.Int8Group(columns + first, Depth, Math.Min(groupDepth, Depth - first), (ushort*)Lines(panel, first), (sbyte*)Lines(panel, first) + Int8Format.GroupBytes);
                break;
        }
    }

    public void Dispose() => own?.Dispose();

    private static (int LineBytes, int GroupDepth, int GroupBytes) Of<TFormat>() where TFormat : struct, IWeightFormat =>
        (TFormat.LineBytes, TFormat.GroupDepth, TFormat.GroupBytes + TFormat.GroupLines * TFormat.LineBytes);
}
