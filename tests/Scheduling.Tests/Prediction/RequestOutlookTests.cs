using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Prediction;

/// <summary>What a forecast says of the whole request, from lessons of single segments.</summary>
public sealed class RequestOutlookTests
{
    private readonly SegmentPredictor predictor = new(new PredictionPriors());

    [Fact]
    public void Rest_of_a_request_is_worked_out_from_turn_to_turn()
    {
        // Three segments of 10, 20 and 30 tokens with calls of 1 s and 2 s that return 5 and 7 tokens, over and over.
        for (var i = 0; i < 3000; i++)
            Serve($"r{i}", "search", (10, 1, 5), (20, 2, 7), (30, null, 0));
        var forecast = predictor.Forecast(Request("next", 0, "search"));
        Near(10, forecast.TokensToPause.Mean);
        Near(50, forecast.TokensAfter.Mean);
        Near(2500, forecast.TokensAfter.MeanSquare);
        Near(2, forecast.After.Segments);
        Near(2, forecast.After.ToolSeconds);
        Near(7, forecast.After.ReturnTokens);
        Near(20 * 20 / 2 + (20 + 7) * 30 + 30 * 30 / 2, forecast.After.Growth);
        Near(60, forecast.RequestTokensLeft(0));
        var last = predictor.Forecast(Request("next", 2, "search"));
        Near(30, last.RequestTokensLeft(0));
    }

    [Fact]
    public void Requests_with_other_tools_on_offer_are_of_another_kind()
    {
        for (var i = 0; i < 300; i++)
        {
            Serve($"a{i}", "calculator", (4, 0.001, 2), (4, null, 0));
            Serve($"b{i}", "shell", (200, 30, 500), (400, null, 0));
        }

        var brief = predictor.Forecast(Request("x", 0, "calculator"));
        var lengthy = predictor.Forecast(Request("y", 0, "shell"));
        Assert.True(brief.RequestTokensLeft(0) < 20 && lengthy.RequestTokensLeft(0) > 500);
        Assert.True(brief.ToolSeconds.Mean < 0.1 && lengthy.ToolSeconds.Mean > 28);
        // A kind nobody has seen is expected to be what requests are in general.
        Assert.InRange(predictor.Forecast(Request("z", 0, "new")).TokensToPause.Mean, 90, 220);
    }

    [Fact]
    public void Long_conversations_count_before_they_are_over()
    {
        // Nothing has ended yet, and nine of ten turns went on: that many are expected of the next one.
        for (var i = 0; i < 500; i++)
        {
            for (var turn = 0; turn < 40; turn++)
                Segment($"r{i}", turn, "shell", 10, 1, 5);
        }

        Assert.True(predictor.Forecast(Request("next", 0, "shell")).After.Segments > 40);
    }

    [Fact]
    public void Segment_that_goes_on_leaves_only_the_longer_ones_possible()
    {
        for (var i = 0; i < 2000; i++)
            Serve($"r{i}", "shell", (i % 2 == 0 ? 10 : 1000, null, 0));
        var forecast = predictor.Forecast(Request("next", 0, "shell"));
        Assert.InRange(forecast.TokensLeft(0).Mean, 480, 530);
        Assert.InRange(forecast.TokensLeft(5).Mean, 450, 550);
        Assert.InRange(forecast.TokensLeft(20).Mean, 900, 1100); // it is one of the long ones
        Assert.True(forecast.TokensLeft(5000).Mean >= 5000); // longer than all that was seen: as long again
    }

    private void Serve(string id, string tools, params (int Tokens, double? Seconds, int Returned)[] segments)
    {
        for (var i = 0; i < segments.Length; i++)
            Segment(id, i, tools, segments[i].Tokens, segments[i].Seconds, segments[i].Returned);
    }

    private void Segment(string id, int turn, string tools, int tokens, double? seconds, int returned)
    {
        predictor.Forecast(Request(id, turn, tools));
        predictor.Learn(new SegmentOutcome(id, turn, 100, tokens, seconds is { } took ? [new ToolOutcome(tools, took, returned)] : [], seconds is null));
    }

    private static RequestDescriptor Request(string id, int segment, string tools) =>
        new(id, 1, "t", 0, 0, 0, segment, 100, 100_000, null, 0, ToolUse.Server, PromptFeatures.Offer(tools));

    private static void Near(double expected, double came) => Assert.InRange(came, 0.98 * expected, 1.02 * expected);
}
