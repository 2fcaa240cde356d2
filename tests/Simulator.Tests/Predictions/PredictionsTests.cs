using Pharos.Scheduling.Prediction;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Tests.Predictions;

public sealed class PredictionsTests
{
    private static readonly Session Session = new("test", 10, [new Segment(40, "tool", 5, 6), new Segment(30, "tool", 7, 6), new Segment(20, null, 0, 0)]);

    [Fact]
    public void Oracle_knows_this_segment_and_all_that_follow()
    {
        var forecast = new OraclePredictions().Forecast(Request(0));
        Assert.Equal((40, 1, "tool", 5, 50), (forecast.TokensToPause.Mean, forecast.PauseProbability, forecast.Tool, forecast.ToolSeconds.Mean, forecast.TokensAfter.Mean));
        // 30 tokens, a call of 7 s that returns 6, and 20 more: of these the context has grown by 36 at first.
        Assert.Equal(new Outlook(2, 7, 6, 450 + 20 * 36 + 200), forecast.After);
    }

    [Fact]
    public void Noise_has_the_asked_deviation_and_belongs_to_the_request()
    {
        var noisy = new NoisyPredictions(0.3, seed: 1);
        var drawn = Enumerable.Range(0, 5000).Select(index => noisy.Forecast(Request(index)).TokensToPause.Mean / 40 - 1).ToList();
        Assert.InRange(drawn.Average(), -0.02, 0.02);
        Assert.InRange(Math.Sqrt(drawn.Average(error => error * error)), 0.28, 0.32);
        Assert.Equal(noisy.Forecast(Request(3)), new NoisyPredictions(0.3, seed: 1).Forecast(Request(3)));
        Assert.Equal(noisy.Forecast(Request(3)).ToolSeconds, noisy.Tool(Request(3)).Seconds);
    }

    [Fact]
    public void Learned_predictions_know_nothing_before_the_first_lesson()
    {
        var learned = new LearnedPredictions();
        var none = new NoPredictions();
        Assert.Equal(none.Forecast(Request(0)).TokensToPause, learned.Forecast(Request(0)).TokensToPause);
        Assert.Equal(none.Tool(Request(0)), learned.Tool(Request(0)));
        for (var i = 0; i < 50; i++)
            learned.Learn(Request(i));
        Assert.InRange(learned.Forecast(Request(50)).TokensToPause.Mean, 39, 42);
        Assert.InRange(learned.Tool(Request(50)).Seconds.Mean, 4.8, 5.2);
    }

    private static SimulatedRequest Request(int index) => new(index, new Arrival(0, Session));
}
