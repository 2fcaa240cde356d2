using System.Net;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Models;

/// <summary><c>POST /v1/embeddings</c>: no model that is served here makes any, and says so.</summary>
internal static class EmbeddingsApi
{
    public static void MapEmbeddingsApi(this IEndpointRouteBuilder routes) => routes.MapPost("/v1/embeddings", Refuse);

    private static IResult Refuse(PromptModel model) => throw new ApiException(new ApiError(
        HttpStatusCode.BadRequest, "invalid_request_error", $"The model '{model.Name}' generates text and makes no embeddings.", "model", "unsupported_model"));
}
