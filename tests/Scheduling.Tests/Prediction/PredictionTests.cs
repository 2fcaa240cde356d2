using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Prediction;

public sealed class PredictionTests
{
    private static readonly double BinWidth = Math.Pow(2, 1.0 / 8);

    [Fact]
    public void Quantiles_are_within_a_bin_of_the_truth()
    {
        var histogram = FadingHistogram.OfSeconds();
        var dice = new Random(3);
        var values = Enumerable.Range(0, 150).Select(_ => Math.Exp(3 * dice.NextDouble() - 2)).ToList();
        foreach (var value in values)
            histogram.Add(value);
        // Fading weighs late values more: compare with weighted ranks.
        var weighted = values.Select((value, i) => (value, weight: Math.Pow(0.995, values.Count - 1 - i))).OrderBy(pair => pair.value).ToList();
        foreach (var q in (double[])[0.1, 0.5, 0.9, 0.99])
        {
            var rest = q * weighted.Sum(pair => pair.weight);
            var exact = weighted.First(pair => (rest -= pair.weight) <= 0).value;
            Assert.InRange(histogram.Curve().Quantile(q) / exact, 1 / BinWidth, BinWidth);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public void Extreme_quantiles_stay_with_what_was_seen(double q)
    {
        var histogram = FadingHistogram.OfSeconds();
        for (var i = 0; i < 1000; i++)
            histogram.Add(2);
        Assert.InRange(histogram.Curve().Quantile(q), 2 / BinWidth, 2 * BinWidth);
    }

    [Fact]
    public void Priors_speak_until_there_is_something_to_learn_from()
    {
        var histogram = FadingHistogram.OfSeconds();
        Assert.False(histogram.Curve().IsKnown);
        Assert.Equal(new Estimate(4, 32), histogram.Estimate(new Estimate(4, 32)));
        histogram.Add(8);
        Assert.Equal(new Estimate(6, 48), histogram.Estimate(new Estimate(4, 32))); // one observation against one prior
    }

    [Fact]
    public void Tool_that_changed_is_learned_anew()
    {
        var histogram = FadingHistogram.OfSeconds();
        for (var i = 0; i < 1000; i++)
            histogram.Add(1);
        for (var i = 0; i < 1000; i++)
            histogram.Add(30);
        Assert.InRange(histogram.Curve().Quantile(0.5), 30 / BinWidth, 30 * BinWidth);
        Assert.InRange(histogram.Estimate(Estimate.Exactly(1)).Mean, 29, 30);
        histogram.Add(0);
        histogram.Add(1e9); // beyond the bins, not beyond the code
    }

    [Fact]
    public void Segments_are_learned_by_their_place_and_tools_by_name()
    {
        var predictor = new SegmentPredictor(new PredictionPriors());
        Assert.Equal(64, predictor.Forecast(Request(0)).TokensToPause.Mean);
        for (var i = 0; i < 400; i++)
        {
            predictor.Learn(new SegmentOutcome("r", 0, 100, 10, [new ToolOutcome("weather", 3, 8)], Ended: false));
            predictor.Learn(new SegmentOutcome("r", 1, 120, 40, [], Ended: true));
        }

        var first = predictor.Forecast(Request(0));
        Assert.Equal((10.0, "weather", 3.0, 8.0, 40.0), (Math.Round(first.TokensToPause.Mean), first.Tool, Math.Round(first.ToolSeconds.Mean), Math.Round(first.ReturnTokens), Math.Round(first.TokensAfter.Mean)));
        Assert.True(first.PauseProbability > 0.95);
        Assert.True(predictor.Forecast(Request(1)).PauseProbability < 0.05);
        var tool = Assert.Single(predictor.Tools);
        Assert.Equal((400L, true), (tool.Calls, tool.P50 <= tool.P90 && tool.P90 <= tool.P99));
    }

    [Fact]
    public void Clients_that_invent_a_name_for_every_call_fill_no_memory()
    {
        var predictor = new SegmentPredictor(new PredictionPriors());
        for (var i = 0; i < 5000; i++)
            predictor.Learn(new SegmentOutcome("r", 0, 100, 10, [new ToolOutcome($"tool-{i}", 3, 8)], Ended: false));
        Assert.InRange(predictor.Tools.Length, 1, 2000);
        Assert.Equal((1L, 0L), (predictor.Tool("tool-0").Calls, predictor.Tool("tool-4999").Calls));
        Assert.InRange(predictor.Forecast(Request(0)).ToolSeconds.Mean, 2.9, 3.1); // what they take is learned all the same
    }

    [Fact]
    public void Limits_and_tools_on_offer_bound_the_forecast()
    {
        var predictor = new SegmentPredictor(new PredictionPriors());
        Assert.Equal(Estimate.Exactly(5), predictor.Forecast(Request(0) with { MaxNewTokens = 5 }).TokensToPause);
        Assert.Equal(0, predictor.Forecast(Request(0) with { ToolUse = ToolUse.None }).PauseProbability);
    }

    private static RequestDescriptor Request(int segment) => new("r", 1, "t", 0, 0, 0, segment, 100, 1000, null, 0, ToolUse.Server);
}
