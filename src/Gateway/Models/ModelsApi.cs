using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Models;

internal static class ModelsApi
{
    public static void MapModelsApi(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", (PromptModel model, GatewayStart start) => Results.Json(new ModelList("list", [Describe(model, start)]), OpenAiJson.Readable.ModelList));
        routes.MapGet("/v1/models/{id}", (string id, PromptModel model, GatewayStart start) => id == model.Name
            ? Results.Json(Describe(model, start), OpenAiJson.Readable.ModelJson)
            : throw new ApiException(ApiError.ModelNotFound(id, model.Name)));
    }

    private static ModelJson Describe(PromptModel model, GatewayStart start) => new(model.Name, "model", start.At.ToUnixTimeSeconds(), "pharos", model.ContextTokens, model.Candidates is [_, _, ..] several ? [.. several] : null);
}

/// <summary>When this gateway started: the only date it can give a model.</summary>
internal sealed record GatewayStart(DateTimeOffset At);
