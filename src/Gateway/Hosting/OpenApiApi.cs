namespace Pharos.Gateway.Hosting;

/// <summary><c>GET /openapi/v1.json</c>: the users' routes and their fields, for tools that read such a page.</summary>
internal static class OpenApiApi
{
    public static void MapOpenApiApi(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/openapi/v1.json", () => Results.Stream(typeof(OpenApiApi).Assembly.GetManifestResourceStream("openapi.json")!, "application/json"));
}
