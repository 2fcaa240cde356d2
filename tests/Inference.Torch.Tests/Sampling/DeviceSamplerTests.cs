using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Inference.Torch.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Tests.Sampling;

/// <summary>From equal logits the device chooses what the host's sampler chooses.</summary>
public sealed class DeviceSamplerTests
{
    private const int Vocabulary = 700;

    [Fact]
    public void Random_rows_get_the_tokens_that_the_host_would_choose()
    {
        var sampler = new Sampler(Vocabulary);
        int drawn = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            var dice = new Random(seed);
            float[][] rows = [.. Enumerable.Range(0, dice.Next(1, 90)).Select(_ => Row(dice))];
            SamplingStep[] steps = [.. rows.Select((_, i) => Step(dice, i))];
            int[] expected = [.. rows.Select((row, i) => sampler.Sample(row, steps[i] with { Temperature = steps[i].WantsLogits ? 0 : steps[i].Temperature }))];
            var (tokens, logits) = Choose(rows, steps);
            for (int i = 0; i < rows.Length; i++)
                Assert.True(expected[i] == tokens[i], $"seed {seed}, row {i}, {steps[i]}: {tokens[i]}, the host chooses {expected[i]}");
            drawn += rows.Where((row, i) => !steps[i].WantsLogits && tokens[i] != Sampler.ArgMax(row)).Count();
            Assert.Equal(rows.Where((_, i) => steps[i].WantsLogits), logits);
        }
        Assert.True(drawn > 100, $"{drawn} tokens were other than the most likely: hardly tested");
    }

    [Fact]
    public void Equal_logits_rank_by_id()
    {
        float[] flat = [.. Enumerable.Repeat(1f, Vocabulary)];
        Assert.Equal([0], Choose([flat], [default]).Tokens);
        foreach (var step in (SamplingStep[])[new(1, 1, 3, 5, 7), new(1, 0.01f, 0, 5, 8), new(1, 1, 0, 5, 9)])
            Assert.Equal([new Sampler(Vocabulary).Sample(flat, step)], Choose([flat], [step]).Tokens);
    }

    [Fact]
    public void Impossible_tokens_are_never_chosen()
    {
        float[] row = [.. Enumerable.Range(0, Vocabulary).Select(i => i % 2 == 0 ? float.NaN : float.NegativeInfinity)];
        row[33] = 2;
        foreach (var step in (SamplingStep[])[default, new(1, 1, 0, 1, 1), new(2, 0.9f, 0, 1, 2), new(2, 1, 5, 1, 3)])
            Assert.Equal([33], Choose([row], [step]).Tokens);
    }

    private static SamplingStep Step(Random dice, int position) => new(
        dice.Next(4) == 0 ? 0 : (float)(0.1 + 2 * dice.NextDouble()), dice.Next(2) == 0 ? 1 : (float)(0.05 + 0.95 * dice.NextDouble()),
        dice.Next(2) == 0 ? 0 : dice.Next(1, 2 * Vocabulary), (ulong)dice.NextInt64(), position, WantsLogits: dice.Next(8) == 0);

    private static float[] Row(Random dice)
    {
        double width = dice.Next(3) switch { 0 => 0.1, 1 => 3, _ => 40 };
        // Equal or well apart: which of two comes first does not hang on the last bit of their weights.
        return [.. Enumerable.Range(0, Vocabulary).Select(_ => (float)Math.Round((dice.NextDouble() - 0.5) * width, 3))];
    }

    private static (int[] Tokens, float[][] Logits) Choose(float[][] rows, SamplingStep[] steps)
    {
        var batch = new StepBatch();
        batch.Reset(rows.Length, 1, 1);
        steps.CopyTo(batch.Sampling, 0);
        batch.LogitRowCount = rows.Length;
        var plan = new SamplingPlan();
        plan.Plan(batch, Vocabulary);
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        using var sampler = new DeviceSampler(torch.CPU);
        var (tokens, logits) = sampler.Choose(tensor(rows.SelectMany(row => row).ToArray(), rows.Length, Vocabulary), plan);
        float[] flat = logits is null ? [] : logits.data<float>().ToArray();
        return ([.. tokens.data<long>().Select(token => (int)token)], [.. flat.Chunk(Vocabulary)]);
    }
}
