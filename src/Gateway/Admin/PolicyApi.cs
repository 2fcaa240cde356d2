using System.Text.Json;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Ranking;

namespace Pharos.Gateway.Admin;

/// <summary>The policies of the pool: what they are, and switching them while requests wait and run.</summary>
internal static class PolicyApi
{
    public static void MapPolicyApi(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/policy", (PoolPolicySwitch policies, CancellationToken ct) => policies.Switch(null, null, ct));
        routes.MapPost("/admin/policy", async (HttpRequest request, PoolPolicySwitch policies, CancellationToken ct) =>
        {
            PolicyOrder? order;
            try
            {
                order = await request.ReadFromJsonAsync(AdminJson.Shown.PolicyOrder, ct);
            }
            catch (JsonException exception)
            {
                return Refused($"The body is expected to be {{\"rank\": NAME, \"pause\": NAME}}, either may be left out: {exception.Message}");
            }

            if (order is not { Rank: not null } and not { Pause: not null })
                return Refused("The body is expected to name a policy as \"rank\" or as \"pause\".");
            if (order.Rank is { } rank && !RankingPolicies.Names.Contains(rank))
                return Refused($"rank: '{rank}' is not known; there are: {string.Join(", ", RankingPolicies.Names)}.");
            if (order.Pause is { } pause && !PausePolicies.Names.Contains(pause))
                return Refused($"pause: '{pause}' is not known; there are: {string.Join(", ", PausePolicies.Names)}.");
            return await policies.Switch(order.Rank, order.Pause, ct);
        });
    }

    private static IResult Refused(string because) => Results.Problem(because, statusCode: StatusCodes.Status400BadRequest);
}

/// <summary>Null: leave it as it is.</summary>
internal sealed record PolicyOrder(string? Rank, string? Pause);

/// <summary>What is in force, and what could be.</summary>
internal sealed record PoliciesJson(string Rank, string Pause, string Route, IEnumerable<string> RankPolicies, IEnumerable<string> PausePolicies);

internal sealed class PoolPolicySwitch(IClusterGrains grains, GrainRetry retry, PromptModel model)
{
    public async Task<IResult> Switch(string? rank, string? pause, CancellationToken ct)
    {
        try
        {
            var now = await retry.Call(() => grains.Scheduler(model.Name).SwitchPolicies(rank, pause), ct);
            return Results.Json(
                new PoliciesJson(now.Rank, now.Pause, now.Route, RankingPolicies.Names, PausePolicies.Names), AdminJson.Shown.PoliciesJson);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            return Results.Problem($"The policies of pool '{model.Name}' can't be reached now.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
