using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pharos.Inference.Sampling;

/// <summary>
/// What the tokens of a row weigh: exp((logit - highest) / temperature) in units so small that the rounding to whole ones does not matter, and so
/// large that sums of them are exact in a double. A sum is therefore the same in whatever order, and by whatever search, it is made.
/// </summary>
internal sealed class TokenWeights
{
    /// <summary>Largest exponent of the heaviest weight; smaller for vocabularies whose sum would pass 2^52.</summary>
    public const int MostBits = 40;

    private const int Block = 256;
    private readonly float[] weights; // [vocabulary], then zeros to whole vectors
    private readonly double[] sums;   // [blocks]
    private readonly int vocabulary;
    private readonly int bits;

    public TokenWeights(int vocabularySize)
    {
        vocabulary = vocabularySize;
        weights = new float[(vocabularySize + Vector256<float>.Count - 1) / Vector256<float>.Count * Vector256<float>.Count];
        sums = new double[(weights.Length + Block - 1) / Block];
        bits = BitsOf(vocabularySize);
    }

    /// <summary>Exponent of the heaviest weight in a vocabulary of so many.</summary>
    public static int BitsOf(int vocabularySize) => Math.Min(MostBits, 52 - BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)vocabularySize)));

    /// <summary>[vocabulary], and zeros up to a whole number of vectors.</summary>
    public ReadOnlySpan<float> Padded => weights;

    /// <summary>Of all tokens.</summary>
    public double Total { get; private set; }

    /// <summary>Takes a row. NaN weighs nothing.</summary>
    public void Fill(ReadOnlySpan<float> logits, float highest, float temperature)
    {
        var top = Vector256.Create(highest);
        var scale = Vector256.Create((float)Math.Min(1.4426950408889634 / temperature, float.MaxValue));
        Total = 0;
        for (int start = 0; start < weights.Length; start += Block)
        {
            var target = weights.AsSpan(start, Math.Min(Block, weights.Length - start));
            var sum = Vector256<double>.Zero;
            for (int i = 0; i < target.Length; i += Vector256<float>.Count)
            {
                var weight = Weigh((Load(logits, start + i) - top) * scale);
                weight.CopyTo(target[i..]);
                var (low, high) = Vector256.Widen(weight);
                sum += low + high;
            }
            sums[start / Block] = Vector256.Sum(sum);
            Total += sums[start / Block];
        }
    }

    /// <summary>The token at which the weights, added in the order of ids, exceed <paramref name="target"/>, which is below their total.</summary>
    public int At(double target)
    {
        double sum = 0;
        int block = 0;
        while (sum + sums[block] <= target)
            sum += sums[block++];
        int token = block * Block;
        while ((sum += weights[token]) <= target)
            token++;
        return token;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(ReadOnlySpan<float> logits, int at) =>
        at + Vector256<float>.Count <= logits.Length ? Vector256.Create(logits.Slice(at, Vector256<float>.Count)) : LoadLast(logits[at..]);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector256<float> LoadLast(ReadOnlySpan<float> logits)
    {
        Span<float> padded = stackalloc float[Vector256<float>.Count];
        padded.Fill(float.NegativeInfinity);
        logits.CopyTo(padded);
        return Vector256.Create<float>(padded);
    }

    /// <summary>2 to the power of x, times the unit: Cephes' polynomial for what remains of x beside a whole power.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<float> Weigh(Vector256<float> x)
    {
        var counts = Vector256.GreaterThanOrEqual(x, Vector256.Create((float)-bits)); // false for NaN too
        if (counts == Vector256<float>.Zero)
            return Vector256<float>.Zero;
        x = Vector256.ConditionalSelect(counts, x, Vector256<float>.Zero);
        var power = Vector256.Round(x);
        var r = x - power;
        var p = Vector256.Create(1.535336188319500e-4f);
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1.339887440266574e-3f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(9.618437357674640e-3f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(5.550332471162809e-2f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(2.402264791363012e-1f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(6.931472028550421e-1f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256<float>.One);
        var exponent = (Vector256.ConvertToInt32(power) + Vector256.Create(bits)) << 23;
        return Vector256.ConditionalSelect(counts, Vector256.Truncate((p.AsInt32() + exponent).AsSingle()), Vector256<float>.Zero);
    }
}
