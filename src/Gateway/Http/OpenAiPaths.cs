namespace Pharos.Gateway.Http;

/// <summary>Paths whose failures are answered in OpenAI's envelope.</summary>
internal static class OpenAiPaths
{
    private static readonly string[] Roots = ["/v1", "/tokenize", "/detokenize"];

    public static bool Contain(HttpContext context) => Roots.Any(root => context.Request.Path.StartsWithSegments(root));
}
