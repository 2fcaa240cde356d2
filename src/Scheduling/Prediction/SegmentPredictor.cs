using System.Collections.Immutable;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Prediction;

/// <summary>
/// Learns online from what the pool serves: by the tools a request is offered, by turn, and by tool, each shrunk towards the wider context.
/// Predicts before it learns from a request: a forecast never contains the request it is about.
/// </summary>
public sealed class SegmentPredictor
{
    private const int MostClasses = 1024; // whatever comes beyond is one class
    private readonly PredictionPriors priors;
    private readonly SegmentStatistics all;
    private readonly Dictionary<ulong, RequestClass> classes = [];
    private readonly SortedDictionary<string, ToolKnowledge> tools = new(StringComparer.Ordinal);
    private readonly RecentRequests<RequestClass> requests = new();

    public SegmentPredictor(PredictionPriors priors)
    {
        this.priors = priors;
        all = new SegmentStatistics(null, priors, priorWeight: 1);
    }

    public SegmentForecast Forecast(RequestDescriptor request)
    {
        var kind = Class(request.ToolUse == ToolUse.None ? 0 : request.Offer);
        requests.Put(request.Request, kind);
        var turn = kind.Turn(request.Segment);
        var calls = request.ToolUse == ToolUse.None ? 0 : turn.CallProbability;
        var after = kind.From(request.Segment + 1);
        return new SegmentForecast(
            Capped(turn.Tokens, request.MaxNewTokens), calls, calls > 0 ? turn.MostLikelyTool : null, turn.ToolSeconds, turn.ReturnTokens,
            Capped(after.Tokens, request.MaxNewTokens), new Outlook(after.Segments, after.ToolSeconds, after.ReturnTokens, after.Growth), turn.Length);
    }

    public void Learn(SegmentOutcome outcome)
    {
        var (tool, seconds, returned) = ((string?)null, 0.0, 0.0);
        foreach (var call in outcome.Tools)
        {
            Known(call.Tool).Add(call);
            returned += call.ReturnTokens;
            if (tool is null || call.Seconds > seconds)
                (tool, seconds) = (call.Tool, call.Seconds);
        }

        var lesson = new SegmentLesson(outcome.GeneratedTokens, outcome.Ended ? null : tool, seconds, returned);
        all.Add(lesson);
        (requests.Find(outcome.Request) ?? Class(0)).Learn(outcome.Segment, lesson);
        if (outcome.Ended)
            requests.Remove(outcome.Request);
    }

    public ImmutableArray<ToolForecast> Tools => [.. tools.Select(tool => tool.Value.Forecast(tool.Key, priors))];

    /// <summary>What is known of one tool; the priors before its first call.</summary>
    public ToolForecast Tool(string name) => tools.TryGetValue(name, out var knowledge) ? knowledge.Forecast(name, priors) : Unknown(name, priors);

    /// <summary>What is said of a tool nobody has called yet.</summary>
    public static ToolForecast Unknown(string tool, PredictionPriors priors) => new(
        tool, 0, priors.ToolSeconds, priors.ToolSeconds.Mean, 2 * priors.ToolSeconds.Mean, 4 * priors.ToolSeconds.Mean, priors.ReturnTokens);

    private RequestClass Class(ulong offer)
    {
        if (!classes.TryGetValue(offer, out var known))
        {
            if (classes.Count >= MostClasses)
                return Class(0);
            classes.Add(offer, known = new RequestClass(all, priors));
        }

        return known;
    }

    private ToolKnowledge Known(string tool)
    {
        if (!tools.TryGetValue(tool, out var knowledge))
            tools.Add(tool, knowledge = new ToolKnowledge());
        return knowledge;
    }

    private static Estimate Capped(Estimate estimate, int most) =>
        estimate.Mean <= most ? estimate : Estimate.Exactly(most);
}
