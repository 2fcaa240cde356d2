using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Pool;

namespace Pharos.Gateway.Admin;

/// <summary>The latest requests of the pool, and what each of them is doing.</summary>
internal static class RequestListApi
{
    private const int MostShown = 1000;

    public static void MapRequestListApi(this IEndpointRouteBuilder routes) => routes.MapGet("/admin/requests", List);

    /// <param name="state">Only those in this state; <c>live</c>: all that have not ended.</param>
    /// <param name="limit">Most requests, 1 to 1000.</param>
    private static async Task<IResult> List(
        string? state, int? limit, IClusterGrains grains, PromptModel model, GrainRetry retry, TimeProvider time, CancellationToken ct)
    {
        if (limit is < 1 or > MostShown)
            return Results.Problem($"limit is {limit}; expected 1 to {MostShown}.", statusCode: StatusCodes.Status400BadRequest);
        if (state is not null && state != "live" && !RequestRowJson.States.Values.Contains(state))
            return Results.Problem($"state is '{state}'; expected one of live, {string.Join(", ", RequestRowJson.States.Values)}.", statusCode: StatusCodes.Status400BadRequest);
        try
        {
            var requests = await retry.Call(() => grains.Scheduler(model.Name).Requests(MostShown), ct);
            var now = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
            var wanted = requests.Where(request => state is null || (state == "live" ? !request.IsOver() : RequestRowJson.States[request.State] == state));
            return Results.Json([.. wanted.Take(limit ?? 200).Select(request => RequestRowJson.Of(request, now))], ConsoleJson.Shown.RequestRowJsonArray);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return Results.Problem($"The scheduler of pool '{model.Name}' can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}

/// <summary>A request in a list.</summary>
/// <param name="ArrivedAt">Unix seconds.</param>
/// <param name="Seconds">From its arrival until it ended, or until now.</param>
/// <param name="Spans">What it did when, in seconds since its arrival; the last one lasts where <c>to</c> is null.</param>
internal sealed record RequestRowJson(
    string Id, string Tenant, string State, string? Worker, int Priority, double ArrivedAt, double Seconds, int Segment, int PromptTokens, int ContextTokens,
    IEnumerable<string> Tools, IEnumerable<SpanJson> Spans)
{
    public static IReadOnlyDictionary<SummaryState, string> States { get; } = new SortedDictionary<SummaryState, string>
    {
        [SummaryState.Queued] = "queued",
        [SummaryState.Running] = "running",
        [SummaryState.CallingTools] = "calling_tools",
        [SummaryState.Parked] = "parked",
        [SummaryState.Finished] = "finished",
        [SummaryState.Cancelled] = "cancelled",
    };

    public static RequestRowJson Of(RequestSummary request, double now) => new(
        request.Request, request.Tenant, States[request.State], request.Worker, request.Priority, request.ArrivalAt,
        Math.Max(0, (request.EndedAt ?? now) - request.ArrivalAt), request.Segment, request.PromptTokens, request.ContextTokens,
        request.Segments.SelectMany(segment => segment.Tools).Select(tool => tool.Tool).Distinct(),
        request.Spans.Select(span => new SpanJson(
            States[span.State], Math.Max(0, span.From - request.ArrivalAt), span.To is { } to ? Math.Max(0, to - request.ArrivalAt) : null, span.Worker)));
}

internal sealed record SpanJson(string State, double From, double? To, string? Worker);
