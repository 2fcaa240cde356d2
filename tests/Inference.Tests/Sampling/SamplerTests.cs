using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Tests.Sampling;

public sealed class SamplerTests
{
    private static readonly float[] Logits = [1f, 3f, 2f, 3f, float.NegativeInfinity, 0f];
    private readonly Sampler sampler = new(Logits.Length);

    [Fact]
    public void Greedy_TakesTheLowestIdOfTheHighest_WhateverTheSeed()
    {
        for (int position = 0; position < 20; position++)
        {
            Assert.Equal(1, sampler.Sample(Logits, new SamplingStep(0, 1, 0, 7, position)));
            Assert.Equal(1, sampler.Sample(Logits, new SamplingStep(2, 1, 1, 7, position)));
            Assert.Equal(1, sampler.Sample(Logits, new SamplingStep(2, 0, 0, 7, position)));
        }
    }

    [Fact]
    public void SameSeedAndPosition_GiveTheSameToken_InAnyOrder()
    {
        int[] forward = [.. Enumerable.Range(0, 200).Select(p => sampler.Sample(Logits, new SamplingStep(1.5f, 0.95f, 5, 42, p)))];
        int[] backward = [.. Enumerable.Range(0, 200).Reverse().Select(p => new Sampler(6).Sample(Logits, new SamplingStep(1.5f, 0.95f, 5, 42, p)))];
        Assert.Equal(forward, backward.Reverse());
        Assert.NotEqual(forward, Enumerable.Range(0, 200).Select(p => sampler.Sample(Logits, new SamplingStep(1.5f, 0.95f, 5, 43, p))));
    }

    [Theory]
    [InlineData(1f, 1f, 0)]
    [InlineData(0.7f, 1f, 3)]
    [InlineData(1.3f, 0.8f, 0)]
    [InlineData(2f, 0.9f, 4)]
    public void Frequencies_AreTheProbabilities(float temperature, float topP, int topK)
    {
        const int draws = 40_000;
        double[] expected = Probabilities(Logits, temperature, topP, topK);
        var counts = new int[Logits.Length];
        for (int position = 0; position < draws; position++)
            counts[sampler.Sample(Logits, new SamplingStep(temperature, topP, topK, 1, position))]++;
        for (int token = 0; token < counts.Length; token++)
        {
            double deviation = Math.Sqrt(draws * expected[token] * (1 - expected[token]));
            Assert.InRange(counts[token], draws * expected[token] - 5 * deviation, draws * expected[token] + 5 * deviation);
        }
    }

    [Fact]
    public void NotANumber_IsNeverChosen()
    {
        float[] broken = [float.NaN, 1, float.NaN, 2];
        var four = new Sampler(4);
        for (int position = 0; position < 200; position++)
            Assert.Contains(four.Sample(broken, new SamplingStep(1, position % 2 == 0 ? 1 : 0.99f, position % 3, 3, position)), (int[])[1, 3]);
        Assert.Equal(0, four.Sample([float.NaN, float.NaN, float.NaN, float.NaN], new SamplingStep(1, 0.9f, 2, 3, 0)));
        Assert.Equal(2, four.Sample([0, 1, float.PositiveInfinity, 3], new SamplingStep(1, 0.9f, 2, 3, 0)));
    }

    [Fact]
    public void EqualLogits_AreCutByIds()
    {
        var flat = new Sampler(8);
        for (int position = 0; position < 200; position++)
        {
            Assert.InRange(flat.Sample(new float[8], new SamplingStep(1, 1, 3, 5, position)), 0, 2);
            Assert.InRange(flat.Sample(new float[8], new SamplingStep(1, 0.5f, 0, 5, position)), 0, 3);
        }
    }

    [Fact]
    public void RankCut_IsThatOfASort_OnManyLogits()
    {
        var random = new Random(1);
        float[] many = [.. Enumerable.Range(0, 5000).Select(_ => (float)Math.Round(random.NextDouble(), 2))];
        var large = new Sampler(many.Length);
        foreach (int topK in (int[])[2, 50, 4999])
        {
            HashSet<int> allowed = [.. Enumerable.Range(0, many.Length).OrderByDescending(i => many[i]).ThenBy(i => i).Take(topK)];
            for (int position = 0; position < 200; position++)
                Assert.Contains(large.Sample(many, new SamplingStep(5, 1, topK, 9, position)), allowed);
        }
    }

    [Theory]
    [InlineData(0.2f)]
    [InlineData(1f)]
    [InlineData(30f)]
    public void MassCut_IsThatOfASort_OnManyLogits(float temperature)
    {
        var random = new Random(2);
        float[] many = [.. Enumerable.Range(0, 3003).Select(i => i % 500 == 7 ? float.NaN : (float)(random.NextDouble() * 8))];
        var large = new Sampler(many.Length);
        double[] expected = Probabilities([.. many.Select(l => float.IsNaN(l) ? float.NegativeInfinity : l)], temperature, 0.8, 0);
        var drawn = new HashSet<int>();
        for (int position = 0; position < 3000; position++)
        {
            int token = large.Sample(many, new SamplingStep(temperature, 0.8f, 0, 9, position));
            Assert.True(expected[token] > 0, $"{token} is not of the nucleus");
            drawn.Add(token);
        }
        Assert.True(drawn.Count > Math.Min(20, expected.Count(p => p > 0) / 2));
    }

    [Theory]
    [InlineData(32_000, 1f)]
    [InlineData(32_000, 0.1f)]
    [InlineData(5003, 2f)]
    [InlineData(5003, 0.01f)]
    [InlineData(37, 1f)]
    public void EveryChoice_IsThatOfASort(int vocabulary, float temperature)
    {
        var random = new Random(vocabulary);
        float[] row = [.. Enumerable.Range(0, vocabulary).Select(i => i % 97 == 5 ? float.NaN : i % 89 == 3 ? 1.5f : (float)(8 * (random.NextDouble() + random.NextDouble())))];
        var weights = new TokenWeights(vocabulary);
        weights.Fill(row, row[Sampler.ArgMax(row)], temperature);
        double[] weight = [.. Enumerable.Range(0, vocabulary).Select(i => (double)weights.Padded[i])];
        Assert.Equal(weight.Sum(), weights.Total);
        int[] ranked = [.. Enumerable.Range(0, vocabulary).OrderByDescending(i => weight[i]).ThenBy(i => i)];
        var large = new Sampler(vocabulary);
        foreach (var (topP, topK) in new[] { (0.95f, 0), (0.5f, 0), (0f, 0), (0.9999f, 0), (1f, 30), (0.9f, 30), (0.8f, vocabulary - 1), (1f, vocabulary - 1), (0.3f, 3) })
        {
            int kept = Reach(ranked.Take(topK == 0 ? vocabulary : topK), weight, (double)topP * ranked.Take(topK == 0 ? vocabulary : topK).Sum(i => weight[i]), orMore: true);
            double mass = ranked.Take(kept).Sum(i => weight[i]);
            for (int position = 0; position < 100; position++)
            {
                int expected = ranked[Reach(ranked.Take(kept), weight, CounterRandom.Uniform(11, (ulong)position) * mass, orMore: false) - 1];
                Assert.Equal(expected, large.Sample(row, new SamplingStep(temperature, topP, topK, 11, position)));
            }
        }

        static int Reach(IEnumerable<int> ranked, double[] weight, double target, bool orMore)
        {
            double sum = 0;
            int count = 0;
            foreach (int token in ranked)
            {
                count++;
                sum += weight[token];
                if (sum > target || (orMore && sum == target))
                    break;
            }
            return count;
        }
    }

    [Fact]
    public void Weights_AreTheExponentialsOfTheirLogits()
    {
        float[] row = [.. Enumerable.Range(0, 1003).Select(i => i * -0.02f)];
        var weights = new TokenWeights(row.Length);
        weights.Fill(row, 0, 0.8f);
        for (int i = 0; i < row.Length; i++)
        {
            double expected = Math.Exp(row[i] / 0.8) * weights.Padded[0];
            Assert.Equal(expected, weights.Padded[i], 1 + 4e-6 * expected);
        }
        Assert.All(weights.Padded[row.Length..].ToArray(), beyond => Assert.Equal(0, beyond));
    }

    [Fact]
    public void Draws_FollowTheOrderOfIds_WithoutACut()
    {
        var random = new Random(3);
        float[] many = [.. Enumerable.Range(0, 1000).Select(_ => (float)(random.NextDouble() * 3))];
        double total = many.Sum(l => Math.Exp(l));
        for (int position = 0; position < 300; position++)
        {
            double draw = CounterRandom.Uniform(5, (ulong)position) * total, sum = 0;
            int expected = Enumerable.Range(0, many.Length).First(i => (sum += Math.Exp(many[i])) > draw);
            Assert.Equal(expected, new Sampler(many.Length).Sample(many, new SamplingStep(1, 1, 0, 5, position)));
        }
    }

    [Fact]
    public void Bias_ForbidsAndForces()
    {
        float[] biased = [.. Logits];
        Sampler.ApplyBias(biased, [new TokenBias(1, float.NegativeInfinity), new TokenBias(0, 100), new TokenBias(99, 1)]);
        Assert.Equal(0, Sampler.ArgMax(biased));
        Assert.Equal(float.NegativeInfinity, biased[1]);
    }

    [Fact]
    public void Confidence_IsTheLargestProbability()
    {
        Assert.Equal(Probabilities(Logits, 1, 1, 0).Max(), Sampler.Confidence(Logits), 1e-6);
        Assert.Equal(0, Sampler.Confidence([float.NaN]));
    }

    [Fact]
    public void Sampling_AllocatesNothing()
    {
        var step = new SamplingStep(1, 0.9f, 3, 1, 1);
        sampler.Sample(Logits, step);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            sampler.Sample(Logits, step);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Temperature, then rank, then mass, by sorting.</summary>
    private static double[] Probabilities(float[] logits, double temperature, double topP, int topK)
    {
        double[] weights = [.. logits.Select(l => Math.Exp((l - logits.Max()) / temperature))];
        int[] ranked = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => weights[i]).ThenBy(i => i).Take(topK == 0 ? logits.Length : topK)];
        double total = ranked.Sum(i => weights[i]), sum = 0;
        int kept = ranked.TakeWhile((i, rank) => rank == 0 || (sum += weights[ranked[rank - 1]]) < topP * total).Count();
        double mass = ranked.Take(kept).Sum(i => weights[i]);
        return [.. Enumerable.Range(0, logits.Length).Select(i => ranked.Take(kept).Contains(i) ? weights[i] / mass : 0)];
    }
}
