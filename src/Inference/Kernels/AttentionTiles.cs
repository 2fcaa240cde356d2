using System.Runtime.CompilerServices;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>
/// Attention over paged keys and values. Keys lie as [headDim][16 tokens], so that 16 scores grow in one vector; values lie as
/// [token][headDim]. A score is one chain over headDim, an output element one chain over tokens, both in order: nothing depends on
/// how queries are grouped.
/// </summary>
/// <typeparam name="TElement">float, or ushort for bf16.</typeparam>
internal static unsafe class AttentionTiles<TPath, TVector, TElement>
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
    where TElement : unmanaged
{
    private const int Span = 16; // tokens of one tile of keys

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(KernelSet kernels, in AttentionCall call)
    {
        var layout = call.Layout;
        int headDim = layout.HeadDim, rows = call.Queries * call.Group;
        PackQueries(call, rows, headDim);

        var keys = (TElement*)call.Blocks + layout.KeyOffset(call.Layer, call.KvHead);
        int lastContext = call.FirstPosition + call.Queries;
        for (int token = 0; token < lastContext; token += Span)
        {
            int block = token / layout.BlockSize;
            TElement* tile = keys + call.BlockTable[block] * layout.BlockElements + (long)(token - block * layout.BlockSize) * headDim;
            for (int lane = 0; lane < Span; lane += TPath.Lanes)
                Score(rows, call.PackedQuery, tile + lane, headDim, call.Scores + token + lane, call.ScoreStride);
        }

        var values = (TElement*)call.Blocks + layout.ValueOffset(call.Layer, call.KvHead);
        for (int query = 0; query < call.Queries; query++)
        {
            float* scores = call.Scores + (long)query * call.Group * call.ScoreStride;
            int context = call.FirstPosition + query + 1, hidden = call.Window > 0 ? Math.Max(0, context - call.Window) : 0;
            for (int head = 0; head < call.Group; head++)
            {
                float* row = scores + (long)head * call.ScoreStride;
                if (call.Softcap > 0)
                    kernels.Softcap(row, context, call.Softcap);
                for (int token = 0; token < hidden; token++)
                    row[token] = float.NegativeInfinity;
                kernels.Softmax(row, context);
            }
            float* output = call.Output + (long)query * call.OutputStride;
            for (int head = 0; head < call.Group;)
            {
                int size = TileOf(call.Group - head, 4);
                Mix(size, scores + (long)head * call.ScoreStride, call.ScoreStride, context, values, call.BlockTable, layout, output + head * headDim);
                head += size;
            }
        }
    }

    /// <summary>[row tile][headDim][rows of the tile], for 8, 4, 2 and 1 rows.</summary>
    private static void PackQueries(in AttentionCall call, int rows, int headDim)
    {
        float* target = call.PackedQuery;
        for (int row = 0; row < rows;)
        {
            int size = TileOf(rows - row, 8);
            for (int i = 0; i < size; i++)
            {
                int query = (row + i) / call.Group, head = (row + i) % call.Group;
                float* source = call.Query + (long)query * call.QueryStride + head * headDim;
                for (int d = 0; d < headDim; d++)
                    target[d * size + i] = source[d];
            }
            target += size * headDim;
            row += size;
        }
    }

    private static int TileOf(int rows, int largest)
    {
        int size = largest;
        while (size > rows)
            size >>= 1;
        return size;
    }

    private static void Score(int rows, float* query, TElement* keys, int headDim, float* scores, int stride)
    {
        while (rows > 0)
        {
            int size = TileOf(rows, 8);
            switch (size)
            {
                case 1: Score1(query, keys, headDim, scores); break;
                case 2: Score2(query, keys, headDim, scores, stride); break;
                case 4: Score4(query, keys, headDim, scores, stride); break;
                default: Score8(query, keys, headDim, scores, stride); break;
            }
            rows -= size;
            query += size * headDim;
            scores += (long)size * stride;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Load(TElement* source) =>
        typeof(TElement) == typeof(float) ? TPath.Load((float*)source) : TPath.LoadBf16((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score1(float* query, TElement* keys, int headDim, float* scores)
    {
        TVector s0 = default;
        for (int d = 0; d < headDim; d++)
        {
            var key = Load(keys);
            s0 = TPath.MultiplyAdd(TPath.Broadcast(query[0]), key, s0);
            query += 1;
            keys += Span;
        }
        TPath.Store(scores, s0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score2(float* query, TElement* keys, int headDim, float* scores, int stride)
    {
        TVector s0 = default, s1 = default;
        for (int d = 0; d < headDim; d++)
        {
            var key = Load(keys);
            s0 = TPath.MultiplyAdd(TPath.Broadcast(query[0]), key, s0);
            s1 = TPath.MultiplyAdd(TPath.Broadcast(query[1]), key, s1);
            query += 2;
            keys += Span;
        }
        TPath.Store(scores, s0);
        TPath.Store(scores + stride, s1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score4(float* query, TElement* keys, int headDim, float* scores, int stride)
    {
        TVector s0 = default, s1 = default, s2 = default, s3 = default;
        for (int d = 0; d < headDim; d++)
        {
            var key = Load(keys);
            s0 = TPath.MultiplyAdd(TPath.Broadcast(query[0]), key, s0);
            s1 = TPath.MultiplyAdd(TPath.Broadcast(query[1]), key, s1);
            s2 = TPath.MultiplyAdd(TPath.Broadcast(query[2]), key, s2);
            s3 = TPath.MultiplyAdd(TPath.Broadcast(query[3]), key, s3);
            query += 4;
            keys += Span;
        }
        TPath.Store(scores, s0);
        TPath.Store(scores + stride, s1);
        TPath.Store(scores + 2 * stride, s2);
        TPath.Store(scores + 3 * stride, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score8(float* query, TElement* keys, int headDim, float* scores, int stride)
    {
        TVector s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int d = 0; d < headDim; d++)
        {
            var key = Load(keys);
            s0 = TPath.MultiplyAdd(TPath.Broadcast(query[0]), key, s0);
            s1 = TPath.MultiplyAdd(TPath.Broadcast(query[1]), key, s1);
            s2 = TPath.MultiplyAdd(TPath.Broadcast(query[2]), key, s2);
            s3 = TPath.MultiplyAdd(TPath.Broadcast(query[3]), key, s3);
            s4 = TPath.MultiplyAdd(TPath.Broadcast(query[4]), key, s4);
            s5 = TPath.MultiplyAdd(TPath.Broadcast(query[5]), key, s5);
            s6 = TPath.MultiplyAdd(TPath.Broadcast(query[6]), key, s6);
            s7 = TPath.MultiplyAdd(TPath.Broadcast(query[7]), key, s7);
            query += 8;
            keys += Span;
        }
        TPath.Store(scores, s0);
        TPath.Store(scores + stride, s1);
        TPath.Store(scores + 2 * stride, s2);
        TPath.Store(scores + 3 * stride, s3);
        TPath.Store(scores + 4 * stride, s4);
        TPath.Store(scores + 5 * stride, s5);
        TPath.Store(scores + 6 * stride, s6);
        TPath.Store(scores + 7 * stride, s7);
    }

    /// <summary>output[head][headDim] = sum over tokens of probability x value, for 1, 2 or 4 heads.</summary>
    private static void Mix(
        int heads, float* probabilities, int stride, int context, TElement* values, int* table, KvLayout layout, float* output)
    {
        int headDim = layout.HeadDim, d = 0;
        for (; d + 2 * TPath.Lanes <= headDim; d += 2 * TPath.Lanes)
        {
            switch (heads)
            {
                case 1: Mix1(probabilities, context, values + d, table, layout, output + d); break;
                case 2: Mix2(probabilities, stride, context, values + d, table, layout, output + d); break;
                default: Mix4(probabilities, stride, context, values + d, table, layout, output + d); break;
            }
        }
        for (int head = 0; head < heads; head++)
            MixRest(probabilities + (long)head * stride, context, values, table, layout, output + head * headDim, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix1(float* p, int context, TElement* values, int* table, KvLayout layout, float* output)
    {
        TVector a0 = default, b0 = default;
        int headDim = layout.HeadDim, size = layout.BlockSize;
        for (int start = 0; start < context; start += size)
        {
            TElement* value = values + *table++ * layout.BlockElements;
            int end = Math.Min(size, context - start);
            for (int token = 0; token < end; token++)
            {
                TVector first = Load(value), second = Load(value + TPath.Lanes);
                var p0 = TPath.Broadcast(*p);
                a0 = TPath.MultiplyAdd(p0, first, a0);
                b0 = TPath.MultiplyAdd(p0, second, b0);
                p++;
                value += headDim;
            }
        }
        TPath.Store(output, a0);
        TPath.Store(output + TPath.Lanes, b0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix2(float* p, int stride, int context, TElement* values, int* table, KvLayout layout, float* output)
    {
        TVector a0 = default, b0 = default, a1 = default, b1 = default;
        int headDim = layout.HeadDim, size = layout.BlockSize;
        for (int start = 0; start < context; start += size)
        {
            TElement* value = values + *table++ * layout.BlockElements;
            int end = Math.Min(size, context - start);
            for (int token = 0; token < end; token++)
            {
                TVector first = Load(value), second = Load(value + TPath.Lanes);
                var p0 = TPath.Broadcast(*p);
                a0 = TPath.MultiplyAdd(p0, first, a0);
                b0 = TPath.MultiplyAdd(p0, second, b0);
                var p1 = TPath.Broadcast(p[stride]);
                a1 = TPath.MultiplyAdd(p1, first, a1);
                b1 = TPath.MultiplyAdd(p1, second, b1);
                p++;
                value += headDim;
            }
        }
        TPath.Store(output, a0);
        TPath.Store(output + TPath.Lanes, b0);
        TPath.Store(output + headDim, a1);
        TPath.Store(output + headDim + TPath.Lanes, b1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix4(float* p, int stride, int context, TElement* values, int* table, KvLayout layout, float* output)
    {
        TVector a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default;
        int headDim = layout.HeadDim, size = layout.BlockSize;
        for (int start = 0; start < context; start += size)
        {
            TElement* value = values + *table++ * layout.BlockElements;
            int end = Math.Min(size, context - start);
            for (int token = 0; token < end; token++)
            {
                TVector first = Load(value), second = Load(value + TPath.Lanes);
                var p0 = TPath.Broadcast(*p);
                a0 = TPath.MultiplyAdd(p0, first, a0);
                b0 = TPath.MultiplyAdd(p0, second, b0);
                var p1 = TPath.Broadcast(p[stride]);
                a1 = TPath.MultiplyAdd(p1, first, a1);
                b1 = TPath.MultiplyAdd(p1, second, b1);
                var p2 = TPath.Broadcast(p[2 * stride]);
                a2 = TPath.MultiplyAdd(p2, first, a2);
                b2 = TPath.MultiplyAdd(p2, second, b2);
                var p3 = TPath.Broadcast(p[3 * stride]);
                a3 = TPath.MultiplyAdd(p3, first, a3);
                b3 = TPath.MultiplyAdd(p3, second, b3);
                p++;
                value += headDim;
            }
        }
        TPath.Store(output, a0);
        TPath.Store(output + TPath.Lanes, b0);
        TPath.Store(output + headDim, a1);
        TPath.Store(output + headDim + TPath.Lanes, b1);
        TPath.Store(output + 2 * headDim, a2);
        TPath.Store(output + 2 * headDim + TPath.Lanes, b2);
        TPath.Store(output + 3 * headDim, a3);
        TPath.Store(output + 3 * headDim + TPath.Lanes, b3);
    }

    /// <summary>The dimensions from <paramref name="first"/> on that fill no pair of vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixRest(float* p, int context, TElement* values, int* table, KvLayout layout, float* output, int first)
    {
        for (int d = first; d < layout.HeadDim; d++)
        {
            float sum = 0;
            for (int token = 0; token < context; token++)
            {
                int block = token / layout.BlockSize;
                TElement* value = values + table[block] * layout.BlockElements + (long)(token - block * layout.BlockSize) * layout.HeadDim + d;
                float element = typeof(TElement) == typeof(float) ? *(float*)value : Bf16.Widen(*(ushort*)value);
                sum = MathF.FusedMultiplyAdd(p[token], element, sum);
            }
            output[d] = sum;
        }
    }
}
