using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Tests.Prediction;

public sealed class BinnedDistributionTests
{
    [Fact]
    public void Residual_life_of_a_long_tail_grows_with_the_time_waited()
    {
        // Nine calls of ten take 0.1 s, the tenth a minute.
        var tool = Tool(Enumerable.Range(0, 400).Select(i => i % 10 == 0 ? 60.0 : 0.1));
        Assert.InRange(tool.SecondsLeft(0), 5, 7.5);
        Assert.InRange(tool.SecondsLeft(1), 55, 65);
        Assert.InRange(tool.SecondsLeft(50), 5, 16);
        Assert.Equal(500, tool.SecondsLeft(500), 6); // nothing took so long: as long again
        Assert.InRange(tool.Curve.Within(1), 0.88, 0.92);
        Assert.InRange(tool.Curve.Within(30, reached: 1), 0, 0.01);
    }

    [Fact]
    public void Word_of_the_tool_itself_counts_more_than_its_history()
    {
        var tool = Tool(Enumerable.Repeat(60.0, 50)) with { Eta = 5 };
        Assert.Equal(3, tool.SecondsLeft(2));
        Assert.Equal(2, tool.SecondsLeft(7)); // late by as much
    }

    [Fact]
    public void Tool_nobody_knows_is_expected_to_take_longer_the_longer_it_has_taken()
    {
        var tool = SegmentPredictor.Unknown("new", new PredictionPriors());
        Assert.Equal(1, tool.SecondsLeft(0));
        Assert.Equal(11, tool.SecondsLeft(10));
    }

    [Fact]
    public void Quantiles_of_what_is_left_lie_beyond_what_was_reached()
    {
        var dice = new Random(5);
        var values = Enumerable.Range(0, 5000).Select(_ => -10 * Math.Log(1 - dice.NextDouble())).ToList();
        var curve = Tool(values).Curve;
        // The memory of 200 calls holds about 200 samples: an exponential's median is 6.9, and it forgets what was waited.
        Assert.InRange(curve.Quantile(0.5), 5.5, 8.5);
        Assert.InRange(curve.Quantile(0.5, reached: 10) - 10, 4, 10);
        Assert.InRange(curve.Beyond(10).Mean, 6.5, 14);
        Assert.Equal(20, default(BinnedDistribution).Quantile(0.5, reached: 10));
    }

    private static ToolForecast Tool(IEnumerable<double> seconds)
    {
        var predictor = new SegmentPredictor(new PredictionPriors());
        foreach (var value in seconds)
            predictor.Learn(new("r", 0, 10, 10, [new("tool", value, 3)], Ended: false));
        return predictor.Tool("tool");
    }
}
