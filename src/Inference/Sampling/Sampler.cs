using System.Runtime.Intrinsics;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Sampling;

/// <summary>
/// Chooses tokens from logits. The choice is a pure function of logits and <see cref="SamplingStep"/>: temperature first, then
/// the TopK most likely tokens, then the smallest set of them whose probability reaches TopP. Equal probabilities (to the last bit of a float) rank by
/// token id; NaN counts as impossible. One instance serves one thread; it owns scratch memory, so that a choice allocates nothing.
/// </summary>
/// <param name="vocabularySize">Logits of a row.</param>
public sealed class Sampler(int vocabularySize)
{
    private readonly TokenWeights weights = new(vocabularySize);
    private readonly RankedTokens ranks = new(vocabularySize);

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">[vocabulary]</param>
    /// <param name="step">Temperature 0 or TopK 1: the most likely token. TopK 0 and TopP 1: no cut.</param>
    public int Sample(ReadOnlySpan<float> logits, in SamplingStep step)
    {
        int best = ArgMax(logits);
        float highest = logits[best];
        if (!(step.Temperature > 0) || step.TopK == 1 || !float.IsFinite(highest))
            return best;
        weights.Fill(logits, highest, step.Temperature);
        return SampleCut(step.TopK < logits.Length ? step.TopK : 0, step.TopP, CounterRandom.Uniform(step.Seed, (ulong)step.Position));
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

    private int SampleCut(int topK, double topP, double draw)
    {
        if (topK > 0 && ranks.Heaviest(weights, topK) is { IsEmpty: false } heaviest)
            return SampleOf(heaviest, topP, draw);
        if (topK == 0 && !(topP < 1))
            return weights.At(Below(draw, weights.Total));
        ranks.Sum(weights);
        double nucleus = weights.Total;
        if (topP < 1)
            ranks.Find(weights, topP * weights.Total, orMore: true, out nucleus);
        return ranks.Find(weights, Below(draw, nucleus), orMore: false, out _);
    }

    private static int SampleOf(Span<ulong> keys, double topP, double draw)
    {
        double mass = 0, nucleus = 0, sum = 0;
        foreach (ulong key in keys)
            mass += KeySelection.Weight(key);
        if (topP < 1)
            keys = keys[..KeySelection.Reach(keys, topP * mass, orMore: true, ref nucleus)];
        else
            nucleus = mass;
        return KeySelection.Token(keys[KeySelection.Reach(keys, draw * nucleus, orMore: false, ref sum) - 1]);
    }

    /// <summary>A share of a whole number that is below it even where rounding would take it there.</summary>
    private static double Below(double draw, double whole) => Math.Min(draw * whole, whole - 0.5);
}
