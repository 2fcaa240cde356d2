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
            case 1: GemmTile<TPath, TVector, TFormat, Rows1>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 2: GemmTile<TPath, TVector, TFormat, Rows2>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 3: GemmTile<TPath, TVector, TFormat, Rows3>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 4: GemmTile<TPath, TVector, TFormat, Rows4>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 5: GemmTile<TPath, TVector, TFormat, Rows5>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 6: GemmTile<TPath, TVector, TFormat, Rows6>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 7: GemmTile<TPath, TVector, TFormat, Rows7>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 8: GemmTile<TPath, TVector, TFormat, Rows8>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 9: GemmTile<TPath, TVector, TFormat, Rows9>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 10: GemmTile<TPath, TVector, TFormat, Rows10>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            case 11: GemmTile<TPath, TVector, TFormat, Rows11>.Run(a, weights, lane, depth, c, stride, accumulate); break;
            default: GemmTile<TPath, TVector, TFormat, Rows12>.Run(a, weights, lane, depth, c, stride, accumulate); break;
        }
    }
}
