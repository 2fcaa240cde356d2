using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Sampling;

/// <summary>
/// Log probabilities of one row of logits at temperature 1, as the model gave them: read before grammars, biases and penalties change the row. A pure
/// function of the row, so that a token's value does not depend on its neighbours in the batch. For one thread.
/// </summary>
/// <param name="vocabularySize">Logits of a row.</param>
public sealed class LogProbabilities(int vocabularySize)
{
    /// <summary>Of what the model finds impossible: JSON knows no infinity.</summary>
    public const float Impossible = -9999;

    private readonly float[] row = new float[vocabularySize];
    private double logMass;

    /// <summary>Takes a row.</summary>
    public void Read(ReadOnlySpan<float> logits)
    {
        for (int id = 0; id < row.Length; id++)
            row[id] = float.IsNaN(logits[id]) ? float.NegativeInfinity : logits[id];
        float highest = row[Sampler.ArgMax(row)];
        double mass = 0;
        foreach (float logit in row)
            mass += Math.Exp(logit - highest);
        logMass = highest + Math.Log(mass);
    }

    /// <summary>The token's, and those of the <paramref name="count"/> most likely ones: equal ones rank by id.</summary>
    public TokenLogprob Of(int token, int count)
    {
        count = Math.Min(count, row.Length);
        Span<int> top = stackalloc int[count];
        int found = 0;
        for (int id = 0; id < row.Length && count > 0; id++)
        {
            if (found == count && !(row[id] > row[top[count - 1]]))
                continue;
            int at = found < count ? found++ : count - 1;
            for (; at > 0 && row[top[at - 1]] < row[id]; at--)
                top[at] = top[at - 1];
            top[at] = id;
        }
        var likeliest = ImmutableArray.CreateBuilder<TopLogprob>(count);
        foreach (int id in top)
            likeliest.Add(new TopLogprob(id, ValueOf(id)));
        return new TokenLogprob(token, ValueOf(token), likeliest.MoveToImmutable());
    }

    private float ValueOf(int token)
    {
        double value = row[token] - logMass;
        return double.IsFinite(value) ? (float)value : Impossible;
    }
}
