using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Grains;

namespace Pharos.Gateway.Admin;

/// <summary>What operators do with a request.</summary>
internal static class RequestActionsApi
{
    public static void MapRequestActionsApi(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/admin/requests/{id}/cancel", (string id, RequestActions actions, CancellationToken ct) => actions.Cancel(RequestActions.IdOf(id), ct));
    }
}

internal sealed class RequestActions(IClusterGrains grains, GrainRetry retry, PoolView pools, PromptModel model, TimeProvider time)
{
    private const string ResponsePrefix = "chatcmpl-";

    /// <param name="id">A request's id, or that of a response.</param>
    public static string IdOf(string id) => id.StartsWith(ResponsePrefix, StringComparison.Ordinal) ? id[ResponsePrefix.Length..].Split('-')[0] : id;

    public Task<IResult> Show(string id, CancellationToken ct) => Answer(id, () => Task.CompletedTask, ct);

    /// <summary>Frees what it holds, wherever it is; one that is over stays as it ended.</summary>
    public Task<IResult> Cancel(string id, CancellationToken ct) => Answer(id, () => grains.Request(id).Cancel("cancelled by an operator"), ct);

    private async Task<string?> Why(RequestDescription request, CancellationToken ct) =>
        WaitReason.Of(request, await pools.TryDescribe(model.Name, ct), time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);

    // What the request is after the action.
    private async Task<IResult> Answer(string id, Func<Task> act, CancellationToken ct)
    {
        RequestDescription? description;
        try
        {
            await retry.Call(act, ct);
            description = await retry.Call(() => grains.Request(id).Describe(), ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return Results.Problem($"Request '{id}' can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        return description is null
            ? Results.Problem($"No request '{id}' is known: it never was, or its FinishedRetention is over.", statusCode: StatusCodes.Status404NotFound)
            : Results.Json(RequestJson.Of(description, await Why(description, ct)), AdminJson.Shown.RequestJson);
    }
}
