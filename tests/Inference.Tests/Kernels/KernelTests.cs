using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Tests.Kernels;

/// <summary>Each instruction set against scalar loops.</summary>
public sealed unsafe class KernelTests
{
    public static TheoryData<InstructionPath> Paths() => [.. Enum.GetValues<InstructionPath>().Where(KernelSet.IsSupported)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Multiply_IsOneChainOverDepth_ForEveryNumberOfRows(InstructionPath path)
    {
        var kernels = KernelSet.For(path);
        const int depth = 450, columns = 70; // more than one slice of depth, a panel that is not full
        foreach (var type in Enum.GetValues<WeightType>())
        {
            float[][] weights = Matrix(columns, depth, 1);
            using var packed = new PackedMatrix(columns, depth, type);
            Fill(packed, weights);
            foreach (int rows in Enumerable.Range(1, 14).Append(29))
            {
                float[][] a = Matrix(rows, depth, rows);
                var tiles = new RowTiles(rows);
                tiles.Cut(rows, kernels.TileRows);
                using var left = NativeBuffer.OfFloats(rows * LeftPacking.Floats(type, depth));
                using var c = NativeBuffer.OfFloats(rows * packed.PaddedColumns);
                for (int row = 0; row < rows; row++)
                    fixed (float* source = a[row])
                        LeftPacking.Pack(type, source, depth, left.Floats, tiles, row);
                kernels.Multiply(packed, tiles, left.Floats, c.Floats, packed.PaddedColumns, 0, packed.Panels);
                for (int row = 0; row < rows; row++)
                {
                    for (int column = 0; column < columns; column++)
                    {
                        float expected = Product(path, a[row], type, weights[column]);
                        Assert.Equal(expected, c.Floats[row * packed.PaddedColumns + column]);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Softmax_IsThatOfScalars(InstructionPath path)
    {
        foreach (int count in (int[])[1, 2, 15, 16, 17, 100])
        {
            float[] scores = [.. Matrix(1, count + 16, count)[0].Select(v => v * 30)];
            double top = scores.Take(count).Max(), sum = scores.Take(count).Sum(s => Math.Exp(s - top));
            double[] expected = [.. scores.Take(count).Select(s => Math.Exp(s - top) / sum)];
            fixed (float* p = scores)
                KernelSet.For(path).Softmax(p, count);
            for (int i = 0; i < count; i++)
                Assert.Equal(expected[i], scores[i], 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void SwiGlu_IsThatOfScalars_ToTheExtremes(InstructionPath path)
    {
        float[] gate = [.. Enumerable.Range(0, 32).Select(i => (i - 16) * 9f)], up = [.. Enumerable.Range(0, 32).Select(i => 1f - i * 0.1f)];
        float[] input = [.. gate, .. up], output = new float[32];
        fixed (float* source = input, target = output)
            KernelSet.For(path).Gate(Activation.SwiGlu, source, target, 1);
        for (int i = 0; i < 32; i++)
        {
            double expected = gate[i] / (1 + Math.Exp(-gate[i])) * up[i];
            Assert.Equal(expected, output[i], Math.Max(1e-30, Math.Abs(expected) * 1e-5));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void GeGlu_IsTheTanhFormOfScalars_ToTheExtremes(InstructionPath path)
    {
        float[] gate = [.. Enumerable.Range(0, 32).Select(i => (i - 16) * 0.7f)], up = [.. Enumerable.Range(0, 32).Select(i => 1f - i * 0.1f)];
        (gate[0], gate[31]) = (-90, 90);
        float[] input = [.. gate, .. up], output = new float[32];
        fixed (float* source = input, target = output)
            KernelSet.For(path).Gate(Activation.GeGlu, source, target, 1);
        for (int i = 0; i < 32; i++)
        {
            double x = gate[i], expected = x / 2 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))) * up[i];
            Assert.Equal(expected, output[i], Math.Max(1e-6, Math.Abs(expected) * 1e-5));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Softcap_BoundsWhatIsLarge_AndHardlyMovesWhatIsSmall(InstructionPath path)
    {
        float[] row = [.. Enumerable.Range(0, 48).Select(i => (i - 24) * 5f)], before = [.. row];
        fixed (float* p = row)
            KernelSet.For(path).Softcap(p, 48, 30);
        for (int i = 0; i < 48; i++)
            Assert.Equal(30 * Math.Tanh(before[i] / 30), row[i], 1e-4);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void AddNorm_AddsAndNormalises(InstructionPath path)
    {
        const int width = 70;
        int padded = PackedMatrix.Pad(width);
        float[] Padded(int seed) => [.. Matrix(1, width, seed)[0], .. new float[padded - width]];
        float[] x = Padded(1), addend = Padded(2), weight = Padded(3), target = new float[padded];
        double[] sum = [.. x.Zip(addend, (a, b) => (double)(a + b))];
        double scale = 1 / Math.Sqrt(sum.Sum(v => v * v) / width + 1e-5);
        fixed (float* px = x, pa = addend, pw = weight, pt = target)
            KernelSet.For(path).AddNorm(px, pa, pw, pt, width, 1e-5f);
        for (int i = 0; i < padded; i++)
        {
            Assert.Equal(sum[i], x[i], 1e-6);
            Assert.Equal(sum[i] * scale * weight[i], target[i], 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Rotate_TurnsHalves(InstructionPath path)
    {
        foreach (int dims in (int[])[8, 12, 32, 64, 72])
        {
            float[] head = Matrix(1, dims, dims)[0], before = [.. head];
            float[] cos = [.. Enumerable.Range(0, dims / 2).Select(j => MathF.Cos(j))], sin = [.. Enumerable.Range(0, dims / 2).Select(j => MathF.Sin(j))];
            fixed (float* p = head, c = cos, s = sin)
                KernelSet.For(path).Rotate(p, dims, dims, c, s, 0.5f);
            for (int j = 0; j < dims / 2; j++)
            {
                Assert.Equal(0.5f * (before[j] * cos[j] - before[dims / 2 + j] * sin[j]), head[j], 1e-6f);
                Assert.Equal(0.5f * (before[dims / 2 + j] * cos[j] + before[j] * sin[j]), head[dims / 2 + j], 1e-6f);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Rotate_LeavesTheRestOfAHead_WhereOnlyAShareTurns(InstructionPath path)
    {
        float[] head = Matrix(1, 96, 3)[0], turned = [.. head[..72]], cos = Matrix(1, 36, 4)[0], sin = Matrix(1, 36, 5)[0], rest = head[72..];
        fixed (float* whole = head, share = turned, c = cos, s = sin)
        {
            KernelSet.For(path).Rotate(whole, 96, 72, c, s, 0.25f);
            KernelSet.For(path).Rotate(share, 72, 72, c, s, 0.25f);
        }
        Assert.Equal([.. turned, .. rest.Select(v => v * 0.25f)], head);
    }

    [Fact]
    public void Bf16_RoundsToNearestEven_AndKeepsWhatIsExact()
    {
        Assert.Equal(0x3F80, Bf16.Round(1f));
        Assert.Equal(0x3F80, Bf16.Round(BitConverter.UInt32BitsToSingle(0x3F808000))); // a tie, to even
        Assert.Equal(0x3F82, Bf16.Round(BitConverter.UInt32BitsToSingle(0x3F818000))); // a tie, to even
        Assert.Equal(0x3F81, Bf16.Round(BitConverter.UInt32BitsToSingle(0x3F808001)));
        Assert.True(float.IsNaN(Bf16.Widen(Bf16.Round(float.NaN))));
        Assert.Equal(float.PositiveInfinity, Bf16.Widen(Bf16.Round(float.MaxValue)));
        for (int bits = 0; bits < 0x7F80; bits++)
            Assert.Equal(bits, Bf16.Round(Bf16.Widen((ushort)bits)));
    }

    [Fact]
    public void Bf16_InRows_IsWhatItIsOneByOne()
    {
        var random = new Random(5);
        float[] values = [.. Enumerable.Range(0, 1003).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))), float.NaN, float.NegativeInfinity, -0f];
        var rounded = new ushort[values.Length];
        var widened = new float[values.Length];
        fixed (ushort* target = rounded)
        {
            Bf16.Round(values, target);
            Bf16.Widen(target, widened);
        }
        Assert.Equal(values.Select(Bf16.Round), rounded);
        Assert.Equal(rounded.Select(Bf16.Widen).Select(BitConverter.SingleToInt32Bits), widened.Select(BitConverter.SingleToInt32Bits));
    }

    private static float Chain(InstructionPath path, float a, float b, float c) =>
        // The portable path fuses where the machine does, as scalars do.
        path == InstructionPath.Portable ? float.MultiplyAddEstimate(a, b, c) : MathF.FusedMultiplyAdd(a, b, c);

    private static void Fill(PackedMatrix packed, float[][] columns)
    {
        var panel = new float[PackedMatrix.PanelWidth * packed.Depth];
        for (int first = 0; first < columns.Length; first += PackedMatrix.PanelWidth)
        {
            Array.Clear(panel);
            for (int j = 0; j < PackedMatrix.PanelWidth && first + j < columns.Length; j++)
                columns[first + j].CopyTo(panel, j * packed.Depth);
            fixed (float* p = panel)
                packed.SetPanel(first / PackedMatrix.PanelWidth, p);
        }
    }

    private static float Product(InstructionPath path, float[] a, WeightType type, float[] weights)
    {
        float total = 0;
        if (type != WeightType.Int8)
        {
            for (int k = 0; k < a.Length; k++)
                total = Chain(path, a[k], type == WeightType.Bf16 ? Bf16.Widen(Bf16.Round(weights[k])) : weights[k], total);
            return total;
        }
        foreach (var (row, group) in a.Chunk(32).Zip(weights.Chunk(32)))
        {
            float scale = group.Max(MathF.Abs) / 127, rowScale = row.Max(MathF.Abs) / short.MaxValue;
            int sum = 0;
            for (int k = 0; k < group.Length; k++)
                sum += (int)MathF.Round(row[k] * (1 / rowScale)) * (int)MathF.Round(group[k] * (1 / scale), MidpointRounding.AwayFromZero);
            total = Chain(path, sum * rowScale, (float)(Half)scale, total);
        }
        return total;
    }

    private static float[][] Matrix(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray())];
    }
}
