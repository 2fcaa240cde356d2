using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Pharos.Inference.KvCache;

namespace Pharos.Bench.Engine;

/// <summary>What the machine can do at this moment: the limits that a sample is a share of, probed beside it.</summary>
/// <param name="BytesPerSecond">Memory read in one stream a thread.</param>
/// <param name="FlopsPerSecond">fp32 multiply-adds from registers, two operations each, on the widest vectors.</param>
internal readonly record struct Limits(double BytesPerSecond, double FlopsPerSecond);

/// <summary>Reads memory and multiplies registers on some threads at once.</summary>
internal sealed unsafe class LimitProbe : IDisposable
{
    private const long Bytes = 128 << 20; // a thread; beyond any cache
    private const long Rounds = 1_500_000;
    private const int Chains = 12;
    private readonly int threads;
    private readonly Clock clock;
    private readonly NativeBuffer[] memory; // on huge pages where there are any, as weights are
    private float sink;

    public LimitProbe(int threads)
    {
        (this.threads, clock) = (threads, new Clock(threads));
        memory = [.. Enumerable.Range(0, threads).Select(_ => new NativeBuffer(Bytes))];
        Probe();
    }

    public Limits Probe()
    {
        double read = Seconds(i => sink += Read(memory[i].Floats, Bytes / sizeof(float)));
        double multiplied = Seconds(_ => sink += Multiply(Rounds));
        int lanes = Avx512F.IsSupported ? 16 : Avx2.IsSupported ? 8 : 4;
        return new Limits(Bytes * threads / read, 2.0 * Rounds * Chains * lanes * threads / multiplied);
    }

    private double Seconds(Action<int> work)
    {
        double start = clock.Now;
        if (threads == 1)
            work(0);
        else
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
        return clock.Now - start;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Read(float* p, long count)
    {
        if (Avx512F.IsSupported)
        {
            Vector512<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
            for (float* end = p + count; p < end; p += 128)
            {
                a = Avx512F.Add(a, Avx512F.LoadVector512(p));
                b = Avx512F.Add(b, Avx512F.LoadVector512(p + 16));
                c = Avx512F.Add(c, Avx512F.LoadVector512(p + 32));
                d = Avx512F.Add(d, Avx512F.LoadVector512(p + 48));
                e = Avx512F.Add(e, Avx512F.LoadVector512(p + 64));
                f = Avx512F.Add(f, Avx512F.LoadVector512(p + 80));
                g = Avx512F.Add(g, Avx512F.LoadVector512(p + 96));
                h = Avx512F.Add(h, Avx512F.LoadVector512(p + 112));
            }
            return Vector512.Sum(a + b + c + d + e + f + g + h);
        }
        Vector256<float> s = default, t = default, u = default, v = default;
        for (float* end = p + count; p < end; p += 32)
        {
            s += Vector256.Load(p);
            t += Vector256.Load(p + 8);
            u += Vector256.Load(p + 16);
            v += Vector256.Load(p + 24);
        }
        return Vector256.Sum(s + t + u + v);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Multiply(long rounds)
    {
        if (Avx512F.IsSupported)
        {
            Vector512<float> x = Vector512.Create(1f), y = Vector512.Create(1e-9f);
            Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
            for (long round = 0; round < rounds; round++)
            {
                a = Avx512F.FusedMultiplyAdd(a, y, x);
                b = Avx512F.FusedMultiplyAdd(b, y, x);
                c = Avx512F.FusedMultiplyAdd(c, y, x);
                d = Avx512F.FusedMultiplyAdd(d, y, x);
                e = Avx512F.FusedMultiplyAdd(e, y, x);
                f = Avx512F.FusedMultiplyAdd(f, y, x);
                g = Avx512F.FusedMultiplyAdd(g, y, x);
                h = Avx512F.FusedMultiplyAdd(h, y, x);
                i = Avx512F.FusedMultiplyAdd(i, y, x);
                j = Avx512F.FusedMultiplyAdd(j, y, x);
                k = Avx512F.FusedMultiplyAdd(k, y, x);
                l = Avx512F.FusedMultiplyAdd(l, y, x);
            }
            return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
        }
        return Avx2.IsSupported
            ? Vector256.Sum(Chain(rounds, Vector256.Create(1f), Vector256.Create(1e-9f)))
            : Vector128.Sum(Chain(rounds, Vector128.Create(1f), Vector128.Create(1e-9f)));
    }

    private static Vector256<float> Chain(long rounds, Vector256<float> x, Vector256<float> y)
    {
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (long round = 0; round < rounds; round++)
        {
            (a, b, c, d) = (Fma.MultiplyAdd(a, y, x), Fma.MultiplyAdd(b, y, x), Fma.MultiplyAdd(c, y, x), Fma.MultiplyAdd(d, y, x));
            (e, f, g, h) = (Fma.MultiplyAdd(e, y, x), Fma.MultiplyAdd(f, y, x), Fma.MultiplyAdd(g, y, x), Fma.MultiplyAdd(h, y, x));
            (i, j, k, l) = (Fma.MultiplyAdd(i, y, x), Fma.MultiplyAdd(j, y, x), Fma.MultiplyAdd(k, y, x), Fma.MultiplyAdd(l, y, x));
        }
        return a + b + c + d + e + f + g + h + i + j + k + l;
    }

    private static Vector128<float> Chain(long rounds, Vector128<float> x, Vector128<float> y)
    {
        Vector128<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (long round = 0; round < rounds; round++)
        {
            (a, b, c, d) = (a * y + x, b * y + x, c * y + x, d * y + x);
            (e, f, g, h) = (e * y + x, f * y + x, g * y + x, h * y + x);
            (i, j, k, l) = (i * y + x, j * y + x, k * y + x, l * y + x);
        }
        return a + b + c + d + e + f + g + h + i + j + k + l;
    }

    public void Dispose()
    {
        foreach (var buffer in memory)
            buffer.Dispose();
    }
}
