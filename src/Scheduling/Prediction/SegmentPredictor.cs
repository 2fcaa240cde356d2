using System.Collections.Immutable;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Prediction;

/// <summary>What is assumed before anything was learned.</summary>
public sealed record PredictionPriors
{
    /// <summary>Tokens of a segment.</summary>
    public Estimate SegmentTokens { get; init; } = new(64, 64 * 64 * 2);

    /// <summary>Seconds of a tool call.</summary>
    public Estimate ToolSeconds { get; init; } = new(1, 4);

    /// <summary>Tokens a tool's result adds.</summary>
    public double ReturnTokens { get; init; } = 32;

    /// <summary>Probability that a segment ends in a call where tools are offered.</summary>
    public double PauseProbability { get; init; } = 0.5;
}

/// <summary>
/// Learns online from what the pool serves, by the segment's place in its request (first, second, later) and by tool. Predicts before it
/// learns from a request: a forecast never contains the request it is about.
/// </summary>
public sealed class SegmentPredictor(PredictionPriors priors)
{
    private const int Places = 4;
    private readonly DurationHistogram[] lengths = [.. Enumerable.Range(0, Places).Select(_ => new DurationHistogram())];
    private readonly DurationHistogram[] pauses = [.. Enumerable.Range(0, Places).Select(_ => new DurationHistogram())];
    private readonly SortedDictionary<string, ToolKnowledge> tools = new(StringComparer.Ordinal);

    public SegmentForecast Forecast(RequestDescriptor request)
    {
        var place = Place(request.Segment);
        var tokens = Capped(lengths[place].Estimate(priors.SegmentTokens), request.MaxNewTokens);
        var pause = request.ToolUse == ToolUse.None ? 0 : Share(place);
        var tool = pause > 0 ? MostCalled() : null;
        var knowledge = tool is null ? null : tools[tool];
        var after = Capped(lengths[Place(request.Segment + 1)].Estimate(priors.SegmentTokens), request.MaxNewTokens);
        return new SegmentForecast(
            tokens, pause, tool, knowledge?.Seconds.Estimate(priors.ToolSeconds) ?? priors.ToolSeconds,
            knowledge?.ReturnTokens.Estimate(Estimate.Exactly(priors.ReturnTokens)).Mean ?? priors.ReturnTokens, after);
    }

    public void Learn(SegmentOutcome outcome)
    {
        var place = Place(outcome.Segment);
        lengths[place].Add(outcome.GeneratedTokens);
        pauses[place].Add(outcome.Ended ? 0 : 1);
        foreach (var call in outcome.Tools)
        {
            if (!tools.TryGetValue(call.Tool, out var knowledge))
                tools.Add(call.Tool, knowledge = new ToolKnowledge());
            knowledge.Seconds.Add(call.Seconds);
            knowledge.ReturnTokens.Add(call.ReturnTokens);
        }
    }

    public ImmutableArray<ToolForecast> Tools => [.. tools.Select(tool => Learned(tool.Key, tool.Value))];

    /// <summary>What is known of one tool; the priors before its first call.</summary>
    public ToolForecast Tool(string name) => tools.TryGetValue(name, out var knowledge) ? Learned(name, knowledge) : Unknown(name, priors);

    /// <summary>What is said of a tool nobody has called yet.</summary>
    public static ToolForecast Unknown(string tool, PredictionPriors priors) => new(
        tool, 0, priors.ToolSeconds, priors.ToolSeconds.Mean, 2 * priors.ToolSeconds.Mean, 4 * priors.ToolSeconds.Mean, priors.ReturnTokens);

    private ToolForecast Learned(string name, ToolKnowledge knowledge) => new(
        name, knowledge.Seconds.Count, knowledge.Seconds.Estimate(priors.ToolSeconds),
        knowledge.Seconds.Quantile(0.5, priors.ToolSeconds.Mean), knowledge.Seconds.Quantile(0.9, priors.ToolSeconds.Mean),
        knowledge.Seconds.Quantile(0.99, priors.ToolSeconds.Mean),
        knowledge.ReturnTokens.Estimate(Estimate.Exactly(priors.ReturnTokens)).Mean);

    private double Share(int place) => pauses[place].Estimate(Estimate.Exactly(priors.PauseProbability)).Mean;

    private string? MostCalled() => tools.Count == 0 ? null : tools.MaxBy(tool => tool.Value.Seconds.Count).Key;

    private static int Place(int segment) => Math.Min(segment, Places - 1);

    private static Estimate Capped(Estimate estimate, int most) =>
        estimate.Mean <= most ? estimate : Estimate.Exactly(most);

    private sealed class ToolKnowledge
    {
        public DurationHistogram Seconds { get; } = new();

        public DurationHistogram ReturnTokens { get; } = new();
    }
}
