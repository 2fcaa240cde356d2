using System.Runtime.CompilerServices;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>The kernels written once over <typeparamref name="TPath"/>; see <see cref="KernelSet"/> for what they compute.</summary>
internal sealed unsafe class KernelSet<TPath, TVector> : KernelSet
    where TPath : struct, IVectorPath<TVector>
    where TVector : struct
{
    /// <summary>Depth of a pass over many row tiles, so that a slice of the weights stays in the first-level cache.</summary>
    private const int DepthSlice = 384;

    public override InstructionPath Path => TPath.Path;

    public override int TileRows => TPath.TileRows;

    public override void Multiply(PackedMatrix weights, RowTiles tiles, float* a, float* c, int stride, int firstPanel, int endPanel)
    {
        switch (weights.Type)
        {
            case WeightType.F32: Multiply<F32Format>(weights, tiles, a, c, stride, firstPanel, endPanel); break;
            case WeightType.Bf16: Multiply<Bf16Format>(weights, tiles, a, c, stride, firstPanel, endPanel); break;
            default: Multiply<Int8Format>(weights, tiles, a, c, stride, firstPanel, endPanel); break;
        }
    }

    private static void Multiply<TFormat>(PackedMatrix weights, RowTiles tiles, float* a, float* c, int stride, int firstPanel, int endPanel)
        where TFormat : struct, IWeightFormat
    {
        // A slice continues the chains that the slice before left in c, so slicing does not change a bit.
        int depth = weights.Depth, slice = tiles.Count > 1 ? DepthSlice : depth;
        for (int start = 0; start < depth; start += slice)
        {
            int length = Math.Min(slice, depth - start);
            for (int panel = firstPanel; panel < endPanel; panel++)
            {
                byte* lines = weights.Lines(panel, start);
                for (int tile = 0; tile < tiles.Count; tile++)
                {
                    int row = tiles.Start(tile), size = tiles.Size(tile);
                    float* left = a + (long)row * LeftPacking.Floats(weights.Type, depth) + (long)size * LeftPacking.Floats(weights.Type, start);
                    float* target = c + (long)row * stride + panel * PackedMatrix.PanelWidth;
                    for (int lane = 0; lane < 16; lane += TPath.Lanes)
                        GemmTiles<TPath, TVector, TFormat>.Run(size, left, lines, lane, length, target + lane, stride, start > 0);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AddNorm(float* x, float* addend, float* weight, float* target, int width, float epsilon)
    {
        int padded = PackedMatrix.Pad(width);
        TVector squares = default;
        for (int i = 0; i < padded; i += TPath.Lanes)
        {
            var value = TPath.Load(x + i);
            if (addend != null)
            {
                value = TPath.Add(value, TPath.Load(addend + i));
                TPath.Store(x + i, value);
            }
            squares = TPath.MultiplyAdd(value, value, squares);
        }
        var scale = TPath.Broadcast(1f / MathF.Sqrt(TPath.Sum(squares) / width + epsilon));
        for (int i = 0; i < padded; i += TPath.Lanes)
            TPath.Store(target + i, TPath.Multiply(TPath.Multiply(TPath.Load(x + i), scale), TPath.Load(weight + i)));
    }

    public override void Gate(Activation activation, float* gateUp, float* target, int panels)
    {
        if (activation == Activation.SwiGlu)
            SwiGlu(gateUp, target, panels);
        else
            GeGlu(gateUp, target, panels);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGlu(float* gateUp, float* target, int panels)
    {
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < PackedMatrix.PanelWidth; i += TPath.Lanes)
                TPath.Store(target + i, TPath.Multiply(Silu(TPath.Load(gateUp + i)), TPath.Load(gateUp + PackedMatrix.PanelWidth + i)));
            gateUp += 2 * PackedMatrix.PanelWidth;
            target += PackedMatrix.PanelWidth;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GeGlu(float* gateUp, float* target, int panels)
    {
        // gelu(x) = x/2 (1 + tanh(y)) with y = sqrt(2/pi) (x + 0.044715 x^3), which is x / (1 + e^-2y).
        for (int panel = 0; panel < panels; panel++)
        {
            for (int i = 0; i < PackedMatrix.PanelWidth; i += TPath.Lanes)
            {
                var x = TPath.Load(gateUp + i);
                var cube = TPath.Multiply(TPath.Multiply(x, x), x);
                var twice = TPath.Multiply(TPath.Broadcast(2 * 0.7978845608f), TPath.MultiplyAdd(TPath.Broadcast(0.044715f), cube, x));
                var gelu = TPath.Divide(x, TPath.Add(TPath.Broadcast(1f), Exp(TPath.Subtract(default, twice))));
                TPath.Store(target + i, TPath.Multiply(gelu, TPath.Load(gateUp + PackedMatrix.PanelWidth + i)));
            }
            gateUp += 2 * PackedMatrix.PanelWidth;
            target += PackedMatrix.PanelWidth;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Silu(TVector x) => TPath.Divide(x, TPath.Add(TPath.Broadcast(1f), Exp(TPath.Subtract(default, x))));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Rotate(float* head, int headDim, int rotaryDims, float* cosines, float* sines, float scale)
    {
        int half = rotaryDims / 2, j = 0;
        var scales = TPath.Broadcast(scale);
        for (; j + TPath.Lanes <= half; j += TPath.Lanes)
        {
            TVector a = TPath.Load(head + j), b = TPath.Load(head + half + j), cos = TPath.Load(cosines + j), sin = TPath.Load(sines + j);
            TPath.Store(head + j, TPath.Multiply(scales, TPath.Subtract(TPath.Multiply(a, cos), TPath.Multiply(b, sin))));
            TPath.Store(head + half + j, TPath.Multiply(scales, TPath.MultiplyAdd(b, cos, TPath.Multiply(a, sin))));
        }
        for (; j < half; j++)
        {
            float a = head[j], b = head[half + j];
            head[j] = scale * (a * cosines[j] - b * sines[j]);
            head[half + j] = scale * (b * cosines[j] + a * sines[j]);
        }
        for (j = rotaryDims; j < headDim; j++)
            head[j] *= scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Softcap(float* row, int count, float cap)
    {
        // tanh(y) = 1 - 2 / (1 + e^2y)
        TVector caps = TPath.Broadcast(cap), one = TPath.Broadcast(1f), scale = TPath.Broadcast(2f / cap);
        for (int i = 0; i < count; i += TPath.Lanes)
        {
            var share = TPath.Divide(TPath.Broadcast(2f), TPath.Add(one, Exp(TPath.Multiply(scale, TPath.Load(row + i)))));
            TPath.Store(row + i, TPath.Multiply(caps, TPath.Subtract(one, share)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Softmax(float* scores, int count)
    {
        int padded = (count + 15) & ~15;
        for (int i = count; i < padded; i++)
            scores[i] = float.NegativeInfinity;
        var highest = TPath.Load(scores);
        for (int i = TPath.Lanes; i < padded; i += TPath.Lanes)
            highest = TPath.Max(highest, TPath.Load(scores + i));
        float* lanes = stackalloc float[16];
        TPath.Store(lanes, highest);
        float top = lanes[0];
        for (int i = 1; i < TPath.Lanes; i++)
            top = MathF.Max(top, lanes[i]);

        var tops = TPath.Broadcast(top);
        TVector sums = default;
        for (int i = 0; i < padded; i += TPath.Lanes)
        {
            // The padding adds some 1e-38 to a sum of at least 1: nothing.
            var e = Exp(TPath.Subtract(TPath.Load(scores + i), tops));
            sums = TPath.Add(sums, e);
            TPath.Store(scores + i, e);
        }
        var inverse = TPath.Broadcast(1f / TPath.Sum(sums));
        for (int i = 0; i < padded; i += TPath.Lanes)
            TPath.Store(scores + i, TPath.Multiply(TPath.Load(scores + i), inverse));
    }

    public override void Attend(in AttentionCall call)
    {
        if (call.Layout.Type == KvType.F32)
            Attention<TPath, TVector, float>.Attend(this, call);
        else
            Attention<TPath, TVector, ushort>.Attend(this, call);
    }

    /// <summary>e to the power of x within 2 ulp: Cephes' polynomial after taking out powers of two; x is clamped to [-87, 88].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Exp(TVector x)
    {
        x = TPath.Min(TPath.Max(x, TPath.Broadcast(-87f)), TPath.Broadcast(88f));
        var power = TPath.Round(TPath.Multiply(x, TPath.Broadcast(1.44269504f)));
        var r = TPath.MultiplyAdd(power, TPath.Broadcast(-0.693359375f), x);
        r = TPath.MultiplyAdd(power, TPath.Broadcast(2.12194440e-4f), r);
        var p = TPath.Broadcast(1.9875691500E-4f);
        p = TPath.MultiplyAdd(p, r, TPath.Broadcast(1.3981999507E-3f));
        p = TPath.MultiplyAdd(p, r, TPath.Broadcast(8.3334519073E-3f));
        p = TPath.MultiplyAdd(p, r, TPath.Broadcast(4.1665795894E-2f));
        p = TPath.MultiplyAdd(p, r, TPath.Broadcast(1.6666665459E-1f));
        p = TPath.MultiplyAdd(p, r, TPath.Broadcast(5.0000001201E-1f));
        p = TPath.MultiplyAdd(p, TPath.Multiply(r, r), TPath.Add(r, TPath.Broadcast(1f)));
        return TPath.Multiply(p, TPath.PowerOfTwo(power));
    }
}
