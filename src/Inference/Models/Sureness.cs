using Pharos.Inference.Sampling;

namespace Pharos.Inference.Models;

/// <summary>How sure a row of logits is of its most likely token.</summary>
/// <param name="Confidence">Its probability, (0, 1].</param>
/// <param name="Margin">How far the second's is behind.</param>
internal readonly record struct Sureness(int Token, float Confidence, float Margin)
{
    /// <summary>A pure function of the row. One that holds no number is not sure of anything.</summary>
    public static Sureness Of(ReadOnlySpan<float> logits)
    {
        int token = Sampler.ArgMax(logits);
        float highest = logits[token], second = float.NegativeInfinity;
        double mass = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            mass += MathF.Exp(logits[id] - highest);
            if (id != token && logits[id] > second)
                second = logits[id];
        }
        return new Sureness(token, (float)(1 / mass), (float)((1 - MathF.Exp(second - highest)) / mass));
    }
}
