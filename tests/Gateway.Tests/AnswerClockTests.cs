using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Metrics;
using Pharos.Gateway.Models;
using Pharos.Grains.Configuration;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Tests;

public sealed class AnswerClockTests
{
    private static readonly ChatEvent Text = new ChatEvent.Content("a");
    private static readonly ToolCall Call = new("c", "f", "{}");

    [Fact]
    public void Answer_in_time_with_one_late_gap_of_a_hundred_is_goodput() =>
        Assert.Equal("met", Outcome([(0.9, Text), (1.5, Text), .. Enumerable.Repeat((0.1, Text), 99)]));

    [Fact]
    public void Late_first_text_is_told_apart_from_late_ones_behind_it()
    {
        Assert.Equal("late_first_token", Outcome((1.1, Text), (0.1, Text)));
        Assert.Equal("late_tokens", Outcome((0.1, Text), (1.1, Text), (0.1, Text)));
    }

    [Fact]
    public void Tools_may_take_their_time_but_the_segment_behind_them_may_not()
    {
        (double, ChatEvent) called = (0.1, new ChatEvent.ServerCall(Call)), returned = (30, new ChatEvent.ServerResult(new ToolResult("c", "f", "5", 30, false)));
        Assert.Equal("met", Outcome((0.1, Text), called, returned, (0.9, Text)));
        Assert.Equal("met", Outcome(called, returned, (0.9, Text)));
        Assert.Equal("late_first_token", Outcome((0.1, Text), called, returned, (1.1, Text)));
    }

    [Fact]
    public void Request_without_an_objective_has_that_of_all() =>
        Assert.Equal("late_first_token", Outcome(null, TimeSpan.FromSeconds(0.5), (0.9, Text)));

    private static string Outcome(params (double After, ChatEvent Step)[] steps) => Outcome(ServiceObjective.Chat, TimeSpan.FromSeconds(60), steps);

    private static string Outcome(ServiceObjective? objective, TimeSpan common, params (double After, ChatEvent Step)[] steps)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var model = new PromptModel("m", 1024, new SamplingDefaults(0, 1, 0), ChatFormats.For(null, ChatTokens.None, new ChatFormatChoice("chatml")), _ => []);
        var metrics = new GatewayMetrics(services.GetRequiredService<IMeterFactory>(), model, Options.Create(new PharosOptions { Slo = { Ttft = common } }));
        var outcomes = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Name == "pharos.slo_answers") self.EnableMeasurementEvents(instrument, metrics); } };
        listener.SetMeasurementEventCallback<long>((_, _, tags, state) =>
        {
            if (ReferenceEquals(state, metrics))
                outcomes.Add((string)tags.ToArray().Single(tag => tag.Key == "outcome").Value!);
        });
        listener.Start();
        var time = new HandSetTime();
        var clock = new AnswerClock(metrics, time, time.GetTimestamp(), objective);
        foreach (var (after, step) in steps)
        {
            time.Ticks += (long)(after * TimeSpan.TicksPerSecond);
            clock.Saw(step);
        }

        clock.Saw(new ChatEvent.Ended("stop", [], RequestUsage.None));
        return outcomes[^1];
    }

    private sealed class HandSetTime : TimeProvider
    {
        public long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ticks;
    }
}
