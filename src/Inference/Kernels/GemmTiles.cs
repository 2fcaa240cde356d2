namespace Pharos.Inference.Kernels;

/// <summary>Chooses the tile of a number of rows that is known only when it runs.</summary>
internal static unsafe class GemmTiles<TPath, TVector, TFormat>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TFormat : struct, IWeightFormat
{
    /// <param name="rows">1 to 12.</param>
    /// <inheritdoc cref="GemmTile{TPath,TVector,TFormat,TRows}.Run"/>
    public static void Run(int rows, float* a, byte* weights, int lane, int depth, float* c, int stride, bool accumulate)
    {
        switch (rows)
        {
            case 1: GemmTile<TPath, TVector, TFormat, Count1>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 2: GemmTile<TPath, TVector, TFormat, Count2>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 3: GemmTile<TPath, TVector, TFormat, Count3>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 4: GemmTile<TPath, TVector, TFormat, Count4>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 5: GemmTile<TPath, TVector, TFormat, Count5>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 6: GemmTile<TPath, TVector, TFormat, Count6>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 7: GemmTile<TPath, TVector, TFormat, Count7>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 8: GemmTile<TPath, TVector, TFormat, Count8>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 9: GemmTile<TPath, TVector, TFormat, Count9>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 10: GemmTile<TPath, TVector, TFormat, Count10>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 11: GemmTile<TPath, TVector, TFormat, Count11>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            default: GemmTile<TPath, TVector, TFormat, Count12>.Run(a, weights, lane, depth, c, stride, accumulate); break;
        }
    }
}
