using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Models;

/// <summary>Packs stored tensors, several side by side where one multiplication serves them all.</summary>
internal static unsafe class WeightPacker
{
    /// <summary>A panel is filled by one thread, through fp32: 32 rows are read, rounded and transposed while they are in the cache.</summary>
    /// <param name="parts">Tensors [rows, depth], and the output column that each of their rows gives.</param>
    public static PackedMatrix Pack(WeightArena arena, int depth, int columns, WeightType type, params ReadOnlySpan<(TensorView Tensor, Func<int, int> Column)> parts)
    {
        var matrix = new PackedMatrix(columns, depth, type, arena);
        var sources = new (TensorView? Tensor, int Row)[matrix.PaddedColumns];
        foreach (var (tensor, column) in parts)
        {
            for (int row = 0; row < tensor.Shape[0]; row++)
                sources[column(row)] = (tensor, row);
        }
        Parallel.For(0, matrix.Panels, () => new float[PackedMatrix.PanelWidth * depth], (panel, _, scratch) =>
        {
            for (int j = 0; j < PackedMatrix.PanelWidth; j++)
            {
                var (tensor, row) = sources[panel * PackedMatrix.PanelWidth + j];
                var target = scratch.AsSpan(j * depth, depth);
                if (tensor is null)
                    target.Clear();
                else
                    tensor.CopyRow(row, target);
            }
            fixed (float* columnsOfPanel = scratch)
                matrix.SetPanel(panel, columnsOfPanel);
            return scratch;
        }, static _ => { });
        return matrix;
    }
}
