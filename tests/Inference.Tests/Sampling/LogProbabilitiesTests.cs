using Pharos.Inference.Sampling;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Tests.Sampling;

public sealed class LogProbabilitiesTests
{
    [Fact]
    public void Of_IsTheLogarithmOfTheSoftmax()
    {
        float[] logits = [.. Enumerable.Range(0, 500).Select(id => MathF.Sin(id * 1.7f) * 9)];
        double mass = logits.Sum(logit => Math.Exp(logit));
        var row = new LogProbabilities(500);
        row.Read(logits);

        foreach (int token in (int[])[0, 7, 499])
            Assert.Equal(Math.Log(Math.Exp(logits[token]) / mass), row.Of(token, 0).Value, 4);
        Assert.Equal(
            logits.Select((logit, id) => (logit, id)).OrderByDescending(one => one.logit).ThenBy(one => one.id).Take(20).Select(one => one.id),
            row.Of(7, 20).Top.Select(one => one.Token));
    }

    [Fact]
    public void Of_EqualLogitsRankById_AndWhatIsImpossibleIsANumber()
    {
        var row = new LogProbabilities(5);
        row.Read([1, float.NaN, 1, float.NegativeInfinity, 2]);

        Assert.Equal([4, 0, 2, 1, 3], row.Of(1, 5).Top.Select(one => one.Token));
        Assert.Equal(LogProbabilities.Impossible, row.Of(1, 0).Value);
        row.Read([float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity]);
        Assert.Equal(new TopLogprob(0, LogProbabilities.Impossible), Assert.Single(row.Of(2, 1).Top));
    }
}
