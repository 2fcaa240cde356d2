using Pharos.Inference.Backend;

namespace Pharos.Inference.Sampling;

/// <summary>Adds to the logit of one token; negative infinity forbids it.</summary>
public readonly record struct LogitBias(int Token, float Bias);

/// <summary>
/// Chooses tokens from logits. The choice is a pure function of logits and <see cref="SamplingStep"/>: temperature first, then
/// the TopK most likely tokens, then the smallest set of them whose probability reaches TopP. Equal logits rank by token id; NaN counts
/// as impossible. One instance serves one thread; it owns scratch memory, so that a choice allocates nothing.
/// </summary>
/// <param name="vocabularySize">Logits of a row.</param>
public sealed class Sampler(int vocabularySize)
{
    private readonly ulong[] candidates = new ulong[vocabularySize];

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
        double scale = 1.0 / step.Temperature;
        return cutByMass || cutByRank
            ? SampleCut(logits, highest, scale, cutByRank ? step.TopK : logits.Length, cutByMass ? step.TopP : 1, draw)
            : SampleAll(logits, best, scale, draw);
    }

    /// <summary>The most likely token: the lowest id of the highest logit; NaN never wins.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        int best = 0;
        float highest = float.NegativeInfinity;
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] > highest)
                (best, highest) = (i, logits[i]);
        }
        return best;
    }

    /// <summary>Probability of the most likely token at temperature 1: how sure the model is.</summary>
    public static float Confidence(ReadOnlySpan<float> logits)
    {
        float highest = logits[ArgMax(logits)];
        if (!float.IsFinite(highest))
            return 0;
        return (float)(1 / Mass(logits, highest, 1));
    }

    /// <summary>Adds biases to a row in place; ids outside the vocabulary are ignored.</summary>
    public static void ApplyBias(Span<float> logits, ReadOnlySpan<LogitBias> biases)
    {
        foreach (var bias in biases)
        {
            if ((uint)bias.Token < (uint)logits.Length)
                logits[bias.Token] += bias.Bias;
        }
    }

    private static int SampleAll(ReadOnlySpan<float> logits, int best, double scale, double draw)
    {
        double left = draw * Mass(logits, logits[best], scale);
        for (int i = 0; i < logits.Length; i++)
        {
            left -= Weight(logits[i], logits[best], scale);
            if (left < 0)
                return i;
        }
        return best; // rounding left a crumb at the end
    }

    private int SampleCut(ReadOnlySpan<float> logits, float highest, double scale, int topK, double topP, double draw)
    {
        // Without a rank cut, tokens that together cannot hold more than 1 - TopP need not be sorted.
        double floor = topK < logits.Length ? 0 : (1 - topP) / logits.Length * Mass(logits, highest, scale) * 0.999;
        int count = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            double weight = Weight(logits[i], highest, scale);
            if (weight > floor)
                candidates[count++] = Key(logits[i], i);
        }
        var ranked = candidates.AsSpan(0, count);
        if (topK < count)
        {
            SelectSmallest(ranked, topK);
            ranked = ranked[..topK];
        }
        ranked.Sort();

        double mass = 0;
        if (floor > 0)
            mass = Mass(logits, highest, scale);
        else
            foreach (ulong key in ranked)
                mass += Weight(logits[Token(key)], highest, scale);

        double nucleus = 0;
        int kept = 0;
        while (kept < ranked.Length && (kept == 0 || nucleus < topP * mass))
            nucleus += Weight(logits[Token(ranked[kept++])], highest, scale);

        double left = draw * nucleus;
        for (int i = 0; i < kept; i++)
        {
            left -= Weight(logits[Token(ranked[i])], highest, scale);
            if (left < 0)
                return Token(ranked[i]);
        }
        return Token(ranked[0]);
    }

    private static double Mass(ReadOnlySpan<float> logits, float highest, double scale)
    {
        double mass = 0;
        foreach (float logit in logits)
            mass += Weight(logit, highest, scale);
        return mass;
    }

    private static double Weight(float logit, float highest, double scale) => float.IsNaN(logit) ? 0 : Math.Exp((logit - highest) * scale);

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
