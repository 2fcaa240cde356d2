using System.Reflection;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Pool;

namespace Pharos.Gateway.Hosting;

internal static class HealthApi
{
    private static readonly string Version =
        typeof(HealthApi).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static void MapHealthApi(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", Health);
        routes.MapGet("/alive", () => Results.Text("alive\n"));
        routes.MapGet("/version", () => TypedResults.Json(new VersionJson(Version), HostingJson.Default.VersionJson));
        routes.MapGet("/", (PromptModel model) => Results.Text(
            $"Pharos serves {model.Name}. POST /v1/chat/completions, GET /v1/models, /health, /metrics, /admin/workers, /admin/requests/{{id}}, /admin/tools\n"));
    }

    /// <summary>200 when a request sent now would find a worker.</summary>
    private static async Task<IResult> Health(PoolView pools, PromptModel model, HttpResponse response, CancellationToken ct)
    {
        var pool = await pools.TryDescribe(model.Name, ct);
        var active = pool?.Workers.Count(worker => worker.State == WorkerState.Active) ?? 0;
        if (active > 0)
            return TypedResults.Json(new HealthJson("ok", active), HostingJson.Default.HealthJson);
        response.Headers.RetryAfter = "1";
        var because = pool is null ? "the scheduler can't be reached" : "no worker is active";
        return TypedResults.Json(new HealthJson(because, 0), HostingJson.Default.HealthJson, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
