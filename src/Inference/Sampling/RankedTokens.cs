using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pharos.Inference.Sampling;

/// <summary>
/// Finds tokens by their rank: heaviest first, equal weights by id. Nothing is sorted but what lies about the answer: weights are summed by their
/// leading bits, the search walks those sums, and only the tokens of one of them are looked at.
/// </summary>
internal sealed class RankedTokens(int vocabularySize)
{
    private const int Fraction = 6;                           // bits behind the exponent: tokens of a bucket differ by less than 1/64
    private const int Shift = 23 - Fraction;
    private const int Lowest = (127 << Fraction) - 1;         // bucket 0 is for what weighs nothing, 1 begins at 1
    private const int Buckets = (TokenWeights.MostBits << Fraction) + 2;
    private readonly double[] masses = new double[Buckets];
    private readonly int[] counts = new int[Buckets];
    private readonly ulong[] keys = new ulong[vocabularySize];

    /// <summary>
    /// The <paramref name="count"/> first tokens, in no order; null where fewer have any weight.
    /// </summary>
    public Span<ulong> Heaviest(TokenWeights weights, int count)
    {
        Array.Clear(counts);
        foreach (float weight in weights.Padded)
            counts[BucketOf(weight)]++;
        int bucket = Buckets, found = 0;
        while (found < count && --bucket > 0)
            found += counts[bucket];
        if (bucket == 0)
            return default;
        var heaviest = Collect(weights.Padded, FloorOf(bucket), float.PositiveInfinity);
        KeySelection.SelectSmallest(heaviest, count);
        return heaviest[..count];
    }

    /// <summary>Takes the weights of a row for <see cref="Find"/>.</summary>
    public void Sum(TokenWeights weights)
    {
        Array.Clear(masses);
        var padded = weights.Padded;
        ref double mass = ref MemoryMarshal.GetArrayDataReference(masses);
        for (int i = 0; i < padded.Length; i += Vector256<float>.Count)
        {
            if (Vector256.Create(padded.Slice(i, Vector256<float>.Count)) == Vector256<float>.Zero)
                continue;
            foreach (float weight in padded.Slice(i, Vector256<float>.Count))
                Unsafe.Add(ref mass, BucketOf(weight)) += weight;
        }
    }

    /// <summary>The token at which the weights, added in the order of ranks, exceed a target below their total.</summary>
    /// <param name="orMore">Or reach it.</param>
    /// <param name="reached">Their sum, that token's among them.</param>
    public int Find(TokenWeights weights, double target, bool orMore, out double reached)
    {
        reached = 0;
        int bucket = Buckets - 1;
        for (; bucket > 1; bucket--)
        {
            double sum = reached + masses[bucket];
            if (sum > target || (orMore && sum == target && masses[bucket] > 0))
                break;
            reached = sum;
        }
        var about = Collect(weights.Padded, FloorOf(bucket), FloorOf(bucket + 1));
        return KeySelection.Token(about[KeySelection.Reach(about, target, orMore, ref reached) - 1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BucketOf(float weight) => Math.Max(BitConverter.SingleToInt32Bits(weight) >> Shift, Lowest) - Lowest;

    private static float FloorOf(int bucket) => BitConverter.Int32BitsToSingle((bucket + Lowest) << Shift);

    private Span<ulong> Collect(ReadOnlySpan<float> weights, float floor, float ceiling)
    {
        var (from, to) = (Vector256.Create(floor), Vector256.Create(ceiling));
        int count = 0;
        for (int i = 0; i < weights.Length; i += Vector256<float>.Count)
        {
            var next = Vector256.Create(weights.Slice(i, Vector256<float>.Count));
            ulong within = (Vector256.GreaterThanOrEqual(next, from) & Vector256.LessThan(next, to)).ExtractMostSignificantBits();
            for (; within != 0; within &= within - 1)
            {
                int token = i + BitOperations.TrailingZeroCount(within);
                keys[count++] = KeySelection.Key(weights[token], token);
            }
        }
        return keys.AsSpan(0, count);
    }
}
