using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>Chooses the tiles of a number of rows that is known only when they run.</summary>
internal static unsafe class AttentionTiles<TPath, TVector, TElement>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TElement : unmanaged
{
    /// <summary>Rows of a tile: with four vectors each their accumulators fit the registers.</summary>
    public static int Rows => TPath.TileRows / 2;

    /// <inheritdoc cref="ScoreTile{TPath,TVector,TElement,TRows}.Run"/>
    public static void Score(int rows, float* query, TElement** tiles, int headDim, float* scores, int stride)
    {
        switch (rows)
        {
            case 1: ScoreTile<TPath, TVector, TElement, Count1>.Run(query, tiles, headDim, scores, stride); break;
            case 2: ScoreTile<TPath, TVector, TElement, Count2>.Run(query, tiles, headDim, scores, stride); break;
            case 3: ScoreTile<TPath, TVector, TElement, Count3>.Run(query, tiles, headDim, scores, stride); break;
            case 4: ScoreTile<TPath, TVector, TElement, Count4>.Run(query, tiles, headDim, scores, stride); break;
            case 5: ScoreTile<TPath, TVector, TElement, Count5>.Run(query, tiles, headDim, scores, stride); break;
            default: ScoreTile<TPath, TVector, TElement, Count6>.Run(query, tiles, headDim, scores, stride); break;
        }
    }

    /// <summary>All dimensions of a head, four vectors at a time, then two, then one, then what fills none.</summary>
    /// <inheritdoc cref="MixTile{TPath,TVector,TElement,TRows,TVectors}.Run"/>
    public static void Mix(
        int rows, float* probabilities, int stride, int first, int end, TElement* values, int* table, KvLayout layout, float** outputs, bool accumulate)
    {
        switch (rows)
        {
            case 1: Mix<Count1>(probabilities, stride, first, end, values, table, layout, outputs, accumulate); break;
            case 2: Mix<Count2>(probabilities, stride, first, end, values, table, layout, outputs, accumulate); break;
            case 3: Mix<Count3>(probabilities, stride, first, end, values, table, layout, outputs, accumulate); break;
            case 4: Mix<Count4>(probabilities, stride, first, end, values, table, layout, outputs, accumulate); break;
            case 5: Mix<Count5>(probabilities, stride, first, end, values, table, layout, outputs, accumulate); break;
            default: Mix<Count6>(probabilities, stride, first, end, values, table, layout, outputs, accumulate); break;
        }
    }

    private static void Mix<TRows>(
        float* probabilities, int stride, int first, int end, TElement* values, int* table, KvLayout layout, float** outputs, bool accumulate)
        where TRows : struct, ICount
    {
        int d = 0, dims = layout.HeadDim;
        for (; d + 4 * TPath.Lanes <= dims; d += 4 * TPath.Lanes)
            MixTile<TPath, TVector, TElement, TRows, Count4>.Run(probabilities, stride, first, end, values + d, table, layout, outputs, d, accumulate);
        for (; d + 2 * TPath.Lanes <= dims; d += 2 * TPath.Lanes)
            MixTile<TPath, TVector, TElement, TRows, Count2>.Run(probabilities, stride, first, end, values + d, table, layout, outputs, d, accumulate);
        for (; d + TPath.Lanes <= dims; d += TPath.Lanes)
            MixTile<TPath, TVector, TElement, TRows, Count1>.Run(probabilities, stride, first, end, values + d, table, layout, outputs, d, accumulate);
        for (; d < dims; d++)
        {
            for (int row = 0; row < TRows.Count; row++)
                outputs[row][d] = MixOne(probabilities + (long)row * stride, first, end, values + d, table, layout, accumulate ? outputs[row][d] : 0);
        }
    }

    private static float MixOne(float* probabilities, int first, int end, TElement* values, int* table, KvLayout layout, float sum)
    {
        for (int position = first; position < end; position++)
        {
            int block = position / layout.BlockSize;
            TElement* value = values + table[block] * layout.BlockElements + (long)(position - block * layout.BlockSize) * layout.HeadDim;
            sum = MathF.FusedMultiplyAdd(probabilities[position], typeof(TElement) == typeof(float) ? *(float*)value : Bf16.Widen(*(ushort*)value), sum);
        }
        return sum;
    }
}
