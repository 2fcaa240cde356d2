using System.Runtime.Intrinsics;

namespace Pharos.Inference.Sampling;

/// <summary>What the tokens of a row weigh: exp((logit - highest) / temperature), computed once a row, with sums of blocks to walk them quickly.</summary>
internal sealed class TokenWeights(int vocabularySize)
{
    private const int Block = 256;
    private const double Nothing = -60; // exp of it is lost in a sum of anything with 1
    private readonly double[] weights = new double[vocabularySize];
    private readonly double[] sums = new double[(vocabularySize + Block - 1) / Block];

    public double this[int token] => weights[token];

    /// <summary>Of all tokens.</summary>
    public double Total { get; private set; }

    /// <summary>Takes a row. NaN weighs nothing.</summary>
    public void Fill(ReadOnlySpan<float> logits, float highest, double scale)
    {
        Total = 0;
        for (int block = 0; block * Block < logits.Length; block++)
        {
            int start = block * Block, length = Math.Min(Block, logits.Length - start);
            sums[block] = FillBlock(logits.Slice(start, length), weights.AsSpan(start, length), highest, scale);
            Total += sums[block];
        }
    }

    /// <summary>The token at which the weights, added in the order of ids, exceed <paramref name="target"/>; -1 where rounding left a crumb.</summary>
    public int At(double target)
    {
        int block = 0;
        while (block < sums.Length && target >= sums[block])
            target -= sums[block++];
        for (int token = block * Block; token < Math.Min(weights.Length, (block + 1) * Block); token++)
        {
            target -= weights[token];
            if (target < 0)
                return token;
        }
        return -1;
    }

    /// <summary>The first token from <paramref name="token"/> on, past blocks that as a whole weigh no more than <paramref name="floor"/>.</summary>
    public int SkipLight(int token, double floor)
    {
        while (token % Block == 0 && token < weights.Length && sums[token / Block] <= floor)
            token += Block;
        return token;
    }

    private static double FillBlock(ReadOnlySpan<float> logits, Span<double> weights, float highest, double scale)
    {
        var (top, by, nothing) = (Vector256.Create((double)highest), Vector256.Create(scale), Vector256.Create(Nothing));
        var sum = Vector256<double>.Zero;
        int i = 0;
        for (; i + Vector256<float>.Count <= logits.Length; i += Vector256<float>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(logits.Slice(i, Vector256<float>.Count)));
            (low, high) = (Weigh((low - top) * by, nothing), Weigh((high - top) * by, nothing));
            low.CopyTo(weights[i..]);
            high.CopyTo(weights[(i + Vector256<double>.Count)..]);
            sum += low + high;
        }
        double total = Vector256.Sum(sum);
        for (; i < logits.Length; i++)
        {
            double exponent = (logits[i] - highest) * scale;
            weights[i] = exponent > Nothing ? Math.Exp(exponent) : 0; // false for NaN too
            total += weights[i];
        }
        return total;
    }

    private static Vector256<double> Weigh(Vector256<double> exponents, Vector256<double> nothing)
    {
        var counts = Vector256.GreaterThan(exponents, nothing); // false for NaN too
        return counts == Vector256<double>.Zero ? Vector256<double>.Zero : Vector256.ConditionalSelect(counts, Vector256.Exp(exponents), Vector256<double>.Zero);
    }
}
