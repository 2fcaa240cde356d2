namespace Pharos.Scheduling.Prediction;

/// <summary>
/// An online linear regression of the logarithm of a segment's length on hashed features: the tools on offer crossed with turn, prompt length,
/// and the segment before, and the prompt's words. AdaGrad steps (Duchi et al. 2011), so that rare words move as far as frequent ones.
/// </summary>
/// <param name="rate">Length of a step.</param>
public sealed class HashedLengthScorer(double rate = 0.1) : ILengthScorer
{
    private const int Bits = 15;
    private const int Crossed = 8;
    private readonly float[] weights = new float[1 << Bits];
    private readonly float[] moved = new float[1 << Bits]; // sums of squared gradients

    public double Score(in SegmentContext segment)
    {
        Span<int> crossed = stackalloc int[Crossed];
        Cross(segment, crossed);
        double score = 0;
        foreach (var feature in crossed)
            score += weights[feature];
        var share = Share(segment);
        foreach (var word in Words(segment))
            score += share * weights[Place(word)];
        return score;
    }

    public void Learn(in SegmentContext segment, int tokens)
    {
        // A single odd segment moves nothing far.
        var error = Math.Clamp(Math.Log(1 + tokens) - Score(segment), -2, 2);
        Span<int> crossed = stackalloc int[Crossed];
        Cross(segment, crossed);
        foreach (var feature in crossed)
            Step(feature, error);
        var share = Share(segment);
        foreach (var word in Words(segment))
            Step(Place(word), error * share);
    }

    private void Step(int feature, double gradient)
    {
        moved[feature] += (float)(gradient * gradient);
        weights[feature] += (float)(rate * gradient / Math.Sqrt(1e-3 + moved[feature]));
    }

    // All words together weigh as much as one of the others, however many they are.
    private static double Share(in SegmentContext segment) => segment.Words.IsDefaultOrEmpty ? 0 : 1 / Math.Sqrt(segment.Words.Length);

    private static ReadOnlySpan<uint> Words(in SegmentContext segment) => segment.Words.IsDefault ? [] : segment.Words.AsSpan();

    private static void Cross(in SegmentContext segment, Span<int> into)
    {
        var turn = (uint)Math.Min(segment.Turn, 16);
        var prompt = (uint)HalfOctave(segment.PromptTokens);
        var last = (uint)HalfOctave(segment.LastTokens);
        var tool = segment.LastTool is { } name ? PromptFeatures.Offer(name) : 0;
        into[0] = 0;
        into[1] = Place(1, segment.Offer);
        into[2] = Place(2, segment.Offer, turn);
        into[3] = Place(3, segment.Offer, prompt);
        into[4] = Place(4, segment.Offer, turn, last);
        into[5] = Place(5, segment.Offer, tool);
        into[6] = Place(6, segment.Offer, tool, last);
        into[7] = Place(7, prompt);
    }

    internal static int HalfOctave(double tokens) => tokens < 1 ? 0 : 1 + (int)(2 * Math.Log2(tokens));

    private static int Place(ulong a, ulong b = 0, ulong c = 0, ulong d = 0)
    {
        var hash = (((a * 0x9E3779B97F4A7C15 ^ b) * 0xC2B2AE3D27D4EB4F ^ c) * 0x9E3779B97F4A7C15 ^ d) * 0xD6E8FEB86659FD93;
        return (int)(hash >> (64 - Bits));
    }
}
