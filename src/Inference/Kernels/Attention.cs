using System.Runtime.CompilerServices;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>
/// Attention of some consecutive queries of one sequence over paged keys and values. Keys lie as [headDim][16 tokens], so that 16 scores grow in one
/// vector; values lie as [token][headDim]. Every row's result is its own, bit for bit, whatever rows share its pass.
/// </summary>
internal static unsafe class Attention<TPath, TVector, TElement>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TElement : unmanaged
{
    private const int Tile = KvLayout.Tile;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(KernelSet kernels, in AttentionCall call)
    {
        int rows = call.Queries * call.Group;
        PackQueries(call, rows);
        Score(call, rows);
        for (int row = 0; row < rows; row++)
        {
            int query = row / call.Group, end = call.End(query), first = call.First(query), aligned = first & -Tile;
            float* scores = call.Scores + (long)row * call.ScoreStride + aligned;
            if (call.Softcap > 0)
                kernels.Softcap(scores, end - aligned, call.Softcap);
            new Span<float>(scores, first - aligned).Fill(float.NegativeInfinity);
            kernels.Softmax(scores, end - aligned);
            call.Outputs[row] = call.Output + (long)query * call.OutputStride + row % call.Group * call.Layout.HeadDim;
        }
        Mix(call, rows);
    }

    /// <summary>[part of the rows][headDim][rows of the part]</summary>
    private static void PackQueries(in AttentionCall call, int rows)
    {
        int headDim = call.Layout.HeadDim;
        float* target = call.PackedQuery;
        for (int row = 0, size; row < rows; row += size)
        {
            size = PartOf(rows - row);
            for (int i = 0; i < size; i++)
            {
                float* source = call.Query + (long)((row + i) / call.Group) * call.QueryStride + (row + i) % call.Group * headDim;
                for (int d = 0; d < headDim; d++)
                    target[d * size + i] = source[d];
            }
            target += size * headDim;
        }
    }

    private static void Score(in AttentionCall call, int rows)
    {
        // From the tile of the first position that any row sees; what lies before a later row's window is left out by its softmax.
        int headDim = call.Layout.HeadDim, firstTile = call.First(0) / Tile, tiles = (call.End(call.Queries - 1) + Tile - 1) / Tile, tilesOfBlock = call.Layout.BlockSize / Tile;
        var keys = (TElement*)call.Blocks + call.Layout.KeyOffset(call.Layer, call.KvHead);
        var list = (TElement**)call.KeyTiles;
        int count = 0;
        for (int tile = firstTile; tile < tiles; tile++)
            list[count++] = keys + call.BlockTable[tile / tilesOfBlock] * call.Layout.BlockElements + (long)(tile % tilesOfBlock) * Tile * headDim;
        for (int i = 0; i < 7; i++)
            list[count + i] = list[count - 1]; // the last four, and what is fetched ahead of them, may not be whole
        float* scores = call.Scores + firstTile * Tile, query = call.PackedQuery;
        for (int row = 0, size; row < rows; row += size)
        {
            size = PartOf(rows - row);
            for (int tile = 0; tile < count; tile += 4)
                AttentionTiles<TPath, TVector, TElement>.Score(size, query, list + tile, headDim, scores + tile * Tile, call.ScoreStride);
            query += size * headDim;
            scores += (long)size * call.ScoreStride;
        }
    }

    private static void Mix(in AttentionCall call, int rows)
    {
        // What all rows see they sum together; before and after it each query goes alone, in the order of positions. A position that a query does
        // not see is never multiplied by zero instead: its slot may hold another sequence's infinity.
        int common = call.First(call.Queries - 1), end = call.End(0);
        if (common >= end)
        {
            for (int query = 0; query < call.Queries; query++)
                Mix(call, query * call.Group, call.Group, call.First(query), call.End(query), accumulate: false);
            return;
        }
        bool before = call.First(0) < common;
        for (int query = 0; before && query < call.Queries; query++)
        {
            if (call.First(query) < common)
                Mix(call, query * call.Group, call.Group, call.First(query), common, accumulate: false);
            else
                new Span<float>(call.Output + (long)query * call.OutputStride, call.Group * call.Layout.HeadDim).Clear();
        }
        Mix(call, 0, rows, common, end, accumulate: before);
        for (int query = 1; query < call.Queries; query++)
            Mix(call, query * call.Group, call.Group, end, call.End(query), accumulate: true);
    }

    private static void Mix(in AttentionCall call, int row, int rows, int first, int end, bool accumulate)
    {
        var values = (TElement*)call.Blocks + call.Layout.ValueOffset(call.Layer, call.KvHead);
        for (int last = row + rows, size; row < last && first < end; row += size)
        {
            size = PartOf(last - row);
            AttentionTiles<TPath, TVector, TElement>.Mix(
                size, call.Scores + (long)row * call.ScoreStride, call.ScoreStride, first, end, values, call.BlockTable, call.Layout, call.Outputs + row, accumulate);
        }
    }

    private static int PartOf(int rows) => Math.Min(rows, AttentionTiles<TPath, TVector, TElement>.Rows);
}
