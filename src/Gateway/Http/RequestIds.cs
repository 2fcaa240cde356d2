namespace Pharos.Gateway.Http;

/// <summary>
/// <c>x-request-id</c> on every response: the client's own where it sent one, else the request's in the cluster, and one of
/// the gateway's where there is none.
/// </summary>
internal static class RequestIds
{
    private const string Header = "x-request-id";
    private const int Longest = 128;

    /// <summary>For a response of which nothing is known yet.</summary>
    public static Task Begin(HttpContext context, RequestDelegate next)
    {
        Answer(context, Guid.CreateVersion7().ToString("N"));
        return next(context);
    }

    public static void Answer(HttpContext context, string request)
    {
        var sent = context.Request.Headers[Header].ToString();
        var usable = sent.Length is > 0 and <= Longest && sent.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        context.Response.Headers[Header] = usable ? sent : request;
    }

    /// <summary>What the response says.</summary>
    public static string Of(HttpContext context) => context.Response.Headers[Header].ToString();
}
