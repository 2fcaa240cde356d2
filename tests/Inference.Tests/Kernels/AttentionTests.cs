using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Tests.Kernels;

/// <summary>Paged attention against scalar loops in double precision.</summary>
public sealed unsafe class AttentionTests
{
    private const int BlockSize = 32, Blocks = 6, Layer = 1, KvHeads = 2, KvHead = 1;
    private const int Context = 150; // tokens in the cache; the last tile of keys and the last block are not full

    public static TheoryData<InstructionPath, KvType> Kinds()
    {
        var data = new TheoryData<InstructionPath, KvType>();
        foreach (var path in Enum.GetValues<InstructionPath>().Where(KernelSet.IsSupported))
        {
            foreach (var type in Enum.GetValues<KvType>())
                data.Add(path, type);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Attend_IsThatOfScalars_ForEveryHead(InstructionPath path, KvType type)
    {
        foreach (int headDim in (int[])[12, 64, 80, 96, 128, 256])
        {
            foreach (var (group, queries) in ((int, int)[])[(1, 12), (1, 1), (3, 4), (4, 3), (7, 1), (8, 2)])
            {
                using var setting = new Setting(path, type, headDim, group);
                foreach (int first in (int[])[0, 1, 15, 62, Context - queries])
                    setting.AssertScalars(first, queries, window: 0, softcap: 0);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Attend_HidesWhatLiesBeforeTheWindow_AndCapsScores(InstructionPath path, KvType type)
    {
        using var setting = new Setting(path, type, 64, 3);
        foreach (int window in (int[])[1, 3, 16, 37, 500])
        {
            foreach (int first in (int[])[0, 5, 40, Context - 4])
            {
                setting.AssertScalars(first, 4, window, softcap: 0);
                setting.AssertScalars(first, 4, window, softcap: 1.5f);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AQuery_GetsTheSameBits_AloneAndAmongOthers(InstructionPath path, KvType type)
    {
        foreach (int window in (int[])[0, 2, 20])
        {
            using var setting = new Setting(path, type, 80, 3);
            float[][] together = setting.Attend(70, 4, window, 0);
            for (int query = 0; query < 4; query++)
                Assert.Equal(Bits(together[query]), Bits(setting.Attend(70 + query, 1, window, 0)[0]));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhatAQueryDoesNotSee_CannotReachIt_EvenIfItIsNoNumber(InstructionPath path, KvType type)
    {
        using var setting = new Setting(path, type, 64, 3);
        float[][] clean = setting.Attend(60, 4, window: 20, softcap: 0);
        setting.Spoil(token => token is < 41 or >= 64);
        float[][] spoiled = setting.Attend(60, 4, window: 20, softcap: 0);
        for (int query = 0; query < 4; query++)
        {
            Assert.All(clean[query], value => Assert.True(float.IsFinite(value)));
            Assert.Equal(Bits(clean[query]), Bits(spoiled[query]));
        }
    }

    private static int[] Bits(float[] row) => [.. row.Select(BitConverter.SingleToInt32Bits)];

    /// <summary>A cache of random keys and values in scattered blocks, and random queries for every position.</summary>
    private sealed class Setting : IDisposable
    {
        private static readonly int[] Table = [4, 1, 5, 0, 3];
        private readonly KernelSet kernels;
        private readonly KvStore store;
        private readonly int headDim;
        private readonly int group;
        private readonly float[][] keys;   // [token][headDim], as the cache rounds them
        private readonly float[][] values;
        private readonly float[][] queries; // [position][group * headDim]

        public Setting(InstructionPath path, KvType type, int headDim, int group)
        {
            (kernels, this.headDim, this.group) = (KernelSet.For(path), headDim, group);
            var shape = new ModelShape("test", "", Layers: 2, KvHeads * group, KvHeads, headDim, 8, 8, 1024);
            store = new KvStore(new KvLayout(shape, BlockSize, type), Blocks, 0);
            var random = new Random(headDim + group);
            float[] Row(int length) => [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
            float Kept(float value) => type == KvType.F32 ? value : Bf16.Widen(Bf16.Round(value));
            (keys, values, queries) = (new float[Context][], new float[Context][], new float[Context][]);
            for (int token = 0; token < Context; token++)
            {
                float[] k = Row(KvHeads * headDim), v = Row(KvHeads * headDim);
                Write(token, k, v);
                (keys[token], values[token]) = ([.. k[(KvHead * headDim)..].Select(Kept)], [.. v[(KvHead * headDim)..].Select(Kept)]);
                queries[token] = Row(group * headDim);
            }
        }

        public void Spoil(Func<int, bool> which)
        {
            float[] no = [.. Enumerable.Repeat(float.NaN, KvHeads * headDim)], infinite = [.. Enumerable.Repeat(float.PositiveInfinity, KvHeads * headDim)];
            for (int token = 0; token < Table.Length * BlockSize; token++)
            {
                if (which(token))
                    Write(token, no, infinite);
            }
        }

        public float[][] Attend(int first, int count, int window, float softcap)
        {
            int width = group * headDim, stride = width + 5;
            float[] input = new float[count * stride], output = new float[count * stride], packed = new float[count * width];
            for (int query = 0; query < count; query++)
                queries[first + query].CopyTo(input, query * stride);
            Array.Fill(output, float.NaN); // what was there before is no part of the sums
            var scores = new float[count * group * AttentionCall.StrideFor(Context)];
            var pointers = new long[AttentionCall.TilesFor(Context) + count * group];
            fixed (float* q = input, o = output, p = packed, s = scores)
            fixed (long* scratch = pointers)
            fixed (int* table = Table)
            {
                kernels.Attend(new AttentionCall
                {
                    Layout = store.Layout, Blocks = store.Device, BlockTable = table, Layer = Layer, KvHead = KvHead, Group = group, Queries = count,
                    FirstPosition = first, Window = window, Softcap = softcap, Query = q, QueryStride = stride, Output = o, OutputStride = stride,
                    PackedQuery = p, Scores = s, ScoreStride = AttentionCall.StrideFor(Context), Outputs = (float**)scratch, KeyTiles = (void**)scratch + count * group,
                });
            }
            return [.. Enumerable.Range(0, count).Select(query => output.AsSpan(query * stride, width).ToArray())];
        }

        public void AssertScalars(int first, int count, int window, float softcap)
        {
            float[][] actual = Attend(first, count, window, softcap);
            for (int query = 0; query < count; query++)
            {
                int position = first + query, from = window == 0 ? 0 : Math.Max(0, position + 1 - window);
                for (int head = 0; head < group; head++)
                {
                    double[] scores = [.. Enumerable.Range(from, position + 1 - from).Select(token =>
                        Capped(Enumerable.Range(0, headDim).Sum(d => (double)queries[position][head * headDim + d] * keys[token][d]), softcap))];
                    double top = scores.Max(), sum = scores.Sum(s => Math.Exp(s - top));
                    for (int d = 0; d < headDim; d++)
                    {
                        double expected = scores.Select((s, i) => Math.Exp(s - top) / sum * values[from + i][d]).Sum();
                        Assert.Equal(expected, actual[query][head * headDim + d], 2e-5);
                    }
                }
            }
        }

        private static double Capped(double score, float cap) => cap == 0 ? score : cap * Math.Tanh(score / cap);

        private void Write(int token, float[] k, float[] v)
        {
            fixed (float* kp = k, vp = v)
                store.Write(Layer, Table[token / BlockSize] * BlockSize + token % BlockSize, kp, vp);
        }

        public void Dispose() => store.Dispose();
    }
}
