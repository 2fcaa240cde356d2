using System.Collections.Immutable;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Prediction;

/// <summary>
/// Learns online from what the pool serves: by the tools a request is offered, by turn, by what its prompt seems to ask for, and by tool,
/// each shrunk towards the wider context.
/// Predicts before it learns from a request: a forecast never contains the request it is about.
/// </summary>
public sealed class SegmentPredictor
{
    private const int MostClasses = 1024; // whatever comes beyond is one class
    private const int MostTools = 1024; // clients name tools as they like: those beyond stay unknown
    private readonly PredictionPriors priors;
    private readonly SegmentStatistics all;
    private readonly Dictionary<ulong, RequestClass> classes = [];
    private readonly SortedDictionary<string, ToolKnowledge> tools = new(StringComparer.Ordinal);
    private readonly RecentRequests<RequestMemory> requests = new();
    private readonly ILengthScorer scorer;

    /// <param name="scorer">What judges prompts; null: a regression on their words.</param>
    public SegmentPredictor(PredictionPriors priors, ILengthScorer? scorer = null)
    {
        this.priors = priors;
        this.scorer = scorer ?? new HashedLengthScorer();
        all = new SegmentStatistics(null, priors, priorWeight: 1);
    }

    /// <summary>How far what was predicted lay from what came.</summary>
    public Calibration LengthCalibration { get; } = new();

    /// <inheritdoc cref="LengthCalibration"/>
    public Calibration ToolCalibration { get; } = new();

    public SegmentForecast Forecast(RequestDescriptor request)
    {
        var kind = Class(request.ToolUse == ToolUse.None ? 0 : request.Offer);
        if (requests.Find(request.Request) is not { } memory)
            requests.Put(request.Request, memory = new RequestMemory());
        var context = new SegmentContext(
            request.Offer, request.Segment, request.ContextTokens, request.Words, memory.LastTokens, memory.LastTool);
        var segment = kind.Scored(request.Segment, scorer.Score(context));
        var length = segment.Length;
        (memory.Class, memory.Segment, memory.Context, memory.Statistics, memory.Length) = (kind, request.Segment, context, segment, length);
        var calls = request.ToolUse == ToolUse.None ? 0 : segment.CallProbability;
        var after = kind.From(request.Segment + 1);
        return new SegmentForecast(
            Capped(segment.Tokens, request.MaxNewTokens), calls, calls > 0 ? segment.MostLikelyTool : null, segment.ToolSeconds, segment.ReturnTokens,
            Capped(after.Tokens, request.MaxNewTokens), new Outlook(after.Segments, after.ToolSeconds, after.ReturnTokens, after.Growth), length);
    }

    public void Learn(SegmentOutcome outcome)
    {
        var (tool, seconds, returned) = ((string?)null, 0.0, 0.0);
        foreach (var call in outcome.Tools)
        {
            if (Known(call.Tool) is { } knowledge)
            {
                ToolCalibration.Add(knowledge.Curve, call.Seconds);
                knowledge.Add(call);
            }

            returned += call.ReturnTokens;
            if (tool is null || call.Seconds > seconds)
                (tool, seconds) = (call.Tool, call.Seconds);
        }

        var lesson = new SegmentLesson(outcome.GeneratedTokens, outcome.Ended ? null : tool, seconds, returned);
        all.Add(lesson);
        var memory = requests.Find(outcome.Request);
        (memory?.Class ?? Class(0)).Learn(outcome.Segment, lesson);
        if (memory is null)
            return;
        if (memory.Segment == outcome.Segment)
        {
            LengthCalibration.Add(memory.Length, outcome.GeneratedTokens, grain: 1);
            memory.Statistics!.Add(lesson);
            scorer.Learn(memory.Context, outcome.GeneratedTokens);
        }

        (memory.LastTokens, memory.LastTool) = (outcome.GeneratedTokens, tool);
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

    private ToolKnowledge? Known(string tool)
    {
        if (!tools.TryGetValue(tool, out var knowledge) && tools.Count < MostTools)
            tools.Add(tool, knowledge = new ToolKnowledge());
        return knowledge;
    }

    private static Estimate Capped(Estimate estimate, int most) =>
        estimate.Mean <= most ? estimate : Estimate.Exactly(most);

    /// <summary>What is remembered of a request under way: what was said of its segment, to learn from, and how the one before it went.</summary>
    private sealed class RequestMemory
    {
        public RequestClass? Class { get; set; }

        public int Segment { get; set; }

        public SegmentContext Context { get; set; }

        public SegmentStatistics? Statistics { get; set; }

        public BinnedDistribution Length { get; set; }

        public int LastTokens { get; set; }

        public string? LastTool { get; set; }
    }
}
