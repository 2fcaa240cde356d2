using System.Runtime.Intrinsics;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Sampling;

/// <summary>
/// Chooses tokens from logits. The choice is a pure function of logits and <see cref="SamplingStep"/>: temperature first, then
/// the TopK most likely tokens, then the smallest set of them whose probability reaches TopP. Equal logits rank by token id; NaN counts
/// as impossible. One instance serves one thread; it owns scratch memory, so that a choice allocates nothing.
/// </summary>
/// <param name="vocabularySize">Logits of a row.</param>
public sealed class Sampler(int vocabularySize)
{
    private readonly ulong[] candidates = new ulong[vocabularySize];
    private readonly TokenWeights weights = new(vocabularySize);

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">[vocabulary]</param>
    /// <param name="step">Temperature 0 or TopK 1: the most likely token. TopK 0 and TopP 1: no cut.</param>
    public int Sample(ReadOnlySpan<float> logits, in SamplingStep step)
    {
        int best = ArgMax(logits);
        float highest = logits[best];
        if (!(step.Temperature > 0) || step.TopK == 1 || !float.IsFinite(highest))
            return best;
        bool cutByMass = step.TopP < 1;
        bool cutByRank = step.TopK > 0 && step.TopK < logits.Length;
        double draw = CounterRandom.Uniform(step.Seed, (ulong)step.Position);
        weights.Fill(logits, highest, 1.0 / step.Temperature);
        if (cutByMass || cutByRank)
            return SampleCut(logits, cutByRank ? step.TopK : logits.Length, cutByMass ? step.TopP : 1, draw);
        int token = weights.At(draw * weights.Total);
        return token >= 0 ? token : best; // rounding left a crumb at the end
    }

    /// <summary>The most likely token: the lowest id of the highest logit; NaN never wins.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        float highest = float.NegativeInfinity;
        int i = 0;
        var most = Vector256.Create(float.NegativeInfinity);
        for (; i + Vector256<float>.Count <= logits.Length; i += Vector256<float>.Count)
        {
            var next = Vector256.Create(logits.Slice(i, Vector256<float>.Count));
            most = Vector256.ConditionalSelect(Vector256.GreaterThan(next, most), next, most);
        }
        for (int lane = 0; lane < Vector256<float>.Count; lane++)
            highest = most[lane] > highest ? most[lane] : highest;
        for (; i < logits.Length; i++)
            highest = logits[i] > highest ? logits[i] : highest;
        return Math.Max(0, logits.IndexOf(highest));
    }

    /// <summary>Probability of the most likely token at temperature 1: how sure the model is.</summary>
    public static float Confidence(ReadOnlySpan<float> logits)
    {
        float highest = logits[ArgMax(logits)];
        if (!float.IsFinite(highest))
            return 0;
        double mass = 0;
        foreach (float logit in logits)
            mass += float.IsNaN(logit) ? 0 : Math.Exp(logit - highest);
        return (float)(1 / mass);
    }

    /// <summary>Adds biases to a row in place; ids outside the vocabulary are ignored.</summary>
    public static void ApplyBias(Span<float> logits, ReadOnlySpan<TokenBias> biases)
    {
        foreach (var bias in biases)
        {
            if ((uint)bias.Token < (uint)logits.Length)
                logits[bias.Token] += bias.Bias;
        }
    }

    private int SampleCut(ReadOnlySpan<float> logits, int topK, double topP, double draw)
    {
        // Without a rank cut, tokens that together cannot hold more than 1 - TopP need not be ranked.
        double floor = topK < logits.Length ? 0 : (1 - topP) / logits.Length * weights.Total * 0.999;
        int count = 0;
        for (int i = 0; (i = weights.SkipLight(i, floor)) < logits.Length; i++)
        {
            if (weights[i] > floor)
                candidates[count++] = Key(logits[i], i);
        }
        var ranked = candidates.AsSpan(0, count);
        if (topK < count)
        {
            SelectSmallest(ranked, topK);
            ranked = ranked[..topK];
        }

        double mass = weights.Total;
        if (floor == 0)
        {
            mass = 0;
            foreach (ulong key in ranked)
                mass += weights[Token(key)];
        }
        double nucleus = mass;
        if (topP < 1)
            ranked = ranked[..Reach(ranked, topP * mass, orMore: true, out nucleus)];
        return Token(ranked[Reach(ranked, draw * nucleus, orMore: false, out _) - 1]);
    }

    /// <summary>
    /// How many keys, in ascending order, it takes for their weights to reach a target (or exceed it); these are moved to the front. A selection by
    /// weight: only what lies about the target is sorted.
    /// </summary>
    private int Reach(Span<ulong> keys, double target, bool orMore, out double reached)
    {
        int low = 0, high = keys.Length;
        reached = 0;
        while (high - low > 32)
        {
            ulong pivot = Median(keys[low], keys[(low + high) >> 1], keys[high - 1]);
            int middle = low;
            double mass = 0;
            for (int i = low; i < high; i++)
            {
                if (keys[i] >= pivot)
                    continue;
                mass += weights[Token(keys[i])];
                (keys[i], keys[middle]) = (keys[middle], keys[i]);
                middle++;
            }
            if (reached + mass > target || (orMore && reached + mass == target))
                high = middle;
            else
                (reached, low) = (reached + mass, middle);
        }
        keys[low..high].Sort();
        for (; low < high; low++)
        {
            reached += weights[Token(keys[low])];
            if (reached > target || (orMore && reached == target))
                return low + 1;
        }
        return high;
    }

    /// <summary>Ascending keys are descending logits, then ascending ids: sorting is deterministic.</summary>
    private static ulong Key(float logit, int token)
    {
        logit += 0f; // -0 ranks with 0
        uint bits = BitConverter.SingleToUInt32Bits(logit);
        uint ascending = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        return ((ulong)~ascending << 32) | (uint)token;
    }

    private static int Token(ulong key) => (int)(uint)key;

    /// <summary>Hoare's selection: moves the <paramref name="count"/> smallest keys to the front.</summary>
    private static void SelectSmallest(Span<ulong> keys, int count)
    {
        int low = 0, high = keys.Length - 1;
        while (low < high)
        {
            ulong pivot = Median(keys[low], keys[(low + high) >> 1], keys[high]);
            int i = low, j = high;
            while (i <= j)
            {
                while (keys[i] < pivot)
                    i++;
                while (keys[j] > pivot)
                    j--;
                if (i <= j)
                {
                    (keys[i], keys[j]) = (keys[j], keys[i]);
                    i++;
                    j--;
                }
            }
            if (count <= j)
                high = j;
            else if (count > i)
                low = i;
            else
                return;
        }
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
