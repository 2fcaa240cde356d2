using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Tests.Ranking;

public sealed class RankingTests
{
    private static readonly DeviceProfile Device = DeviceProfile.GptJ6bA100;
    private static readonly LampsRanking Lamps = new();

    [Fact]
    public void Length_of_a_long_tool_costs_nothing_under_discard_and_swap()
    {
        Assert.Equal(Score(tool: 100), Score(tool: 10_000));
        Assert.True(Score(tool: 0.001) < Score(tool: 100)); // a short one is preserved: there its time counts
    }

    [Fact]
    public void Fewest_tokens_first_is_another_order_than_memory_over_time()
    {
        // Five tokens over a context of a thousand hold more memory for longer than fifty over ten.
        Assert.True(Score(context: 10, tokens: 50) < Score(context: 1000, tokens: 5));
    }

    [Fact]
    public void Cached_context_makes_a_request_cheaper_and_its_future_dearer()
    {
        Assert.True(Score(context: 1000, cached: 900) < Score(context: 1000));
        Assert.True(Score(pause: 0) < Score(pause: 1));
    }

    [Fact]
    public void Segment_that_outlives_its_forecast_is_expected_to_go_on()
    {
        Assert.True(Score(generated: 10) < Score(generated: 0));
        Assert.True(Score(generated: 1000) > 0);
    }

    [Fact]
    public void Score_is_worked_out_by_hand_for_a_request_without_tools()
    {
        // Tf(100) x 50 + d x (100 x 10 + 50), with Tf(100) = 16.92 + 4.08 ms and d = 16.9608 ms
        Assert.Equal(0.021 * 50 + 0.0169608 * 1050, Score(context: 100, tokens: 10, pause: 0), 9);
    }

    [Fact]
    public void Fcfs_keeps_the_original_arrival()
    {
        var early = new RankView(10, 900, 0, 0, Forecast(1, 1, 1));
        Assert.Equal(10, new FcfsRanking().Score(early, Device));
    }

    [Fact]
    public void Policies_are_found_by_name_and_explain_themselves()
    {
        Assert.All(RankingPolicies.Names, name => Assert.Equal(name, RankingPolicies.Find(name).Name));
        Assert.Contains("fcfs, lamps", Assert.Throws<ArgumentException>(() => RankingPolicies.Find("fair")).Message);
        Assert.Contains("during weather", Lamps.Explain(new RankView(0, 100, 0, 0, Forecast(10, 1, 1)), Device));
    }

    private static double Score(int context = 500, int cached = 0, double tokens = 20, int generated = 0, double tool = 1, double pause = 1) =>
        Lamps.Score(new RankView(0, context, cached, generated, Forecast(tokens, tool, pause)), Device);

    private static SegmentForecast Forecast(double tokens, double tool, double pause) =>
        new(Estimate.Exactly(tokens), pause, "weather", Estimate.Exactly(tool), 20, Estimate.Exactly(30));
}
