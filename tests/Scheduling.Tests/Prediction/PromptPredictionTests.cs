using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Prediction;

/// <summary>Lengths predicted from what a prompt asks for.</summary>
public sealed class PromptPredictionTests
{
    // The last word tells: an essay, or a yes or no.
    private static readonly ImmutableArray<uint> Essay = PromptFeatures.Words([5, 6, 7, 100]), Briefly = PromptFeatures.Words([5, 6, 7, 200]);

    [Fact]
    public void Words_of_a_prompt_tell_long_answers_from_short_ones()
    {
        var predictor = new SegmentPredictor(new PredictionPriors());
        for (var i = 0; i < 600; i++)
            Serve(predictor, $"r{i}", i % 2 == 0 ? Essay : Briefly, i % 2 == 0 ? 800 : 5);
        Assert.True(predictor.Forecast(Request("a", Essay)).TokensToPause.Mean > 600);
        Assert.True(predictor.Forecast(Request("b", Briefly)).TokensToPause.Mean < 60);
        // What has gone on for a hundred tokens is an essay, whatever was asked.
        Assert.InRange(predictor.Forecast(Request("c", Briefly)).TokensLeft(100).Mean, 500, 900);
    }

    [Fact]
    public void Number_of_another_scorer_need_not_be_in_tokens()
    {
        var predictor = new SegmentPredictor(new PredictionPriors(), new Probe());
        for (var i = 0; i < 600; i++)
            Serve(predictor, $"r{i}", i % 2 == 0 ? Essay : Briefly, i % 2 == 0 ? 800 : 5);
        Assert.InRange(predictor.Forecast(Request("a", Essay)).TokensToPause.Mean, 700, 810);
        Assert.InRange(predictor.Forecast(Request("b", Briefly)).TokensToPause.Mean, 4, 30);
    }

    [Fact]
    public void Quantiles_mean_what_they_say()
    {
        var predictor = new SegmentPredictor(new PredictionPriors());
        var dice = new Random(4);
        for (var i = 0; i < 6_000; i++)
            Serve(predictor, $"r{i}", i % 2 == 0 ? Essay : Briefly, (int)Math.Ceiling(Math.Exp((i % 2 == 0 ? 6 : 3) + dice.NextDouble())));
        foreach (var q in (double[])[0.1, 0.25, 0.5, 0.75, 0.9])
            Assert.InRange(predictor.LengthCalibration.Coverage(q), q - 0.06, q + 0.06);
        Assert.InRange(predictor.LengthCalibration.Count, 5_990, 6_000); // the first was predicted from priors alone
    }

    [Fact]
    public void Prompt_is_read_at_both_ends_and_no_longer_than_agreed()
    {
        int[] prompt = [.. Enumerable.Range(0, 5000)];
        var words = PromptFeatures.Words(prompt);
        Assert.InRange(words.Length, 100, PromptFeatures.MostWords);
        prompt[2500] = -1;
        Assert.Equal(words.Order(), PromptFeatures.Words(prompt).Order());
        prompt[4999] = -1;
        Assert.NotEqual(words.Order(), PromptFeatures.Words(prompt).Order());
    }

    [Fact]
    public void Tools_on_offer_are_named_by_their_order_and_letters()
    {
        Assert.Equal(0UL, PromptFeatures.Offer());
        Assert.Equal(PromptFeatures.Offer("a", "b"), PromptFeatures.Offer("a", "b"));
        Assert.NotEqual(PromptFeatures.Offer("ab"), PromptFeatures.Offer("a", "b"));
    }

    [Fact]
    public void Whatever_was_learned_forecasts_stay_finite_and_ordered() => Prop.ForAll(
        ArbMap.Default.ArbFor<(byte Tokens, byte Tool, byte Seconds)[]>(), lessons =>
        {
            var predictor = new SegmentPredictor(new PredictionPriors());
            for (var i = 0; i < lessons.Length; i++)
            {
                var (tokens, tool, seconds) = lessons[i];
                var ended = tool % 3 == 0;
                predictor.Forecast(Request($"{i}", Essay) with { Segment = tool });
                predictor.Learn(new SegmentOutcome($"{i}", tool, 10, tokens + 1, ended ? [] : [new ToolOutcome($"t{tool}", seconds, tokens)], ended));
            }

            var forecast = predictor.Forecast(Request("next", Essay));
            double[] all = [forecast.TokensToPause.Mean, forecast.TokensAfter.Mean, forecast.After.Segments, forecast.After.Growth, forecast.After.ToolSeconds, forecast.TokensLeft(7).Mean];
            return all.All(value => double.IsFinite(value) && value >= 0)
                && forecast.PauseProbability is >= 0 and <= 1
                && forecast.TokensToPause.MeanSquare >= forecast.TokensToPause.Mean * forecast.TokensToPause.Mean * 0.999
                && forecast.Length.Quantile(0.1, 3) <= forecast.Length.Quantile(0.9, 3);
        }).QuickCheckThrowOnFailure();

    private static void Serve(SegmentPredictor predictor, string id, ImmutableArray<uint> words, int tokens)
    {
        predictor.Forecast(Request(id, words));
        predictor.Learn(new SegmentOutcome(id, 0, 100, tokens, [], Ended: true));
    }

    private static RequestDescriptor Request(string id, ImmutableArray<uint> words) =>
        new(id, 1, "t", 0, 0, 0, 0, 100, 100_000, null, 0, ToolUse.Server, 0, words);

    /// <summary>Knows which prompts ask for much, in a unit of its own.</summary>
    private sealed class Probe : ILengthScorer
    {
        public double Score(in SegmentContext segment) => segment.Words.SequenceEqual(Essay) ? -3 : -7;

        public void Learn(in SegmentContext segment, int tokens)
        {
        }
    }
}
