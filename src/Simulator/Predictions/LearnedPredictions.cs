using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Simulator.Predictions;

/// <summary>The predictor of the live cluster, learning from what this run serves and from nothing else.</summary>
public sealed class LearnedPredictions : IPredictions
{
    private static readonly PredictionPriors Priors = new();
    private readonly SegmentPredictor predictor = new(Priors);

    public SegmentPredictor Predictor => predictor;

    public SegmentForecast Forecast(SimulatedRequest request) => predictor.Forecast(Descriptor(request));

    public ToolForecast Tool(SimulatedRequest request) => predictor.Tool(request.Current.Tool!);

    public void Learn(SimulatedRequest request)
    {
        var (tokens, tool, seconds, returned) = request.Current;
        predictor.Learn(new SegmentOutcome(
            request.Id, request.Segment, request.Slot?.Length ?? 0, tokens, tool is null ? [] : [new ToolOutcome(tool, seconds, returned)], tool is null));
    }

    internal static RequestDescriptor Descriptor(SimulatedRequest request) => new(
        request.Id, request.Segment + 1, "simulated", 0, request.ArrivedAt, request.ArrivedAt, request.Segment,
        request.Slot?.Length ?? request.Session.PromptTokens, int.MaxValue, null, 0, ToolUse.Server,
        PromptFeatures.Offer(request.Session.Class));
}
