namespace Pharos.Gateway.Http;

/// <summary><c>x-request-id</c>: the client's own where it sent one, else the request's in the cluster.</summary>
internal static class RequestIds
{
    private const string Header = "x-request-id";
    private const int Longest = 128;

    public static void Answer(HttpContext context, string request)
    {
        var sent = context.Request.Headers[Header].ToString();
        var usable = sent.Length is > 0 and <= Longest && sent.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        context.Response.Headers[Header] = usable ? sent : request;
    }
}
