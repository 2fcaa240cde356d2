using Microsoft.Net.Http.Headers;

namespace Pharos.Gateway.WebConsole;

/// <summary>
/// The operators' page at <c>/console</c>: static files, the same for everybody. What it shows it asks of the admin API, with the key that its
/// reader gives it.
/// </summary>
internal static class ConsoleApi
{
    // Nothing from elsewhere, nothing inline, framed by nobody.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    public static void MapConsoleApi(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/console", (HttpContext context) =>
        {
            // Relative addresses in the page want the slash.
            return context.Request.Path.Value!.EndsWith('/') ? Serve(context, ConsoleFiles.Index) : Results.Redirect(context.Request.PathBase + "/console/");
        });
        routes.MapGet("/console/{**file}", (string file, HttpContext context) => Serve(context, file));
    }

    private static IResult Serve(HttpContext context, string name)
    {
        if (ConsoleFiles.Find(name) is not { } file)
            return Results.Problem($"The console has no file '{name}'.", statusCode: StatusCodes.Status404NotFound);
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-cache"; // asked for again each time, sent only when it has changed
        return Results.Bytes(file.Content, file.ContentType, entityTag: new EntityTagHeaderValue(file.Tag));
    }
}
