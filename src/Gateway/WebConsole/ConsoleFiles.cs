using System.Collections.Frozen;
using System.Security.Cryptography;

namespace Pharos.Gateway.WebConsole;

/// <summary>A file of the console, as it is embedded in this program.</summary>
/// <param name="Tag">Its entity tag: changes with the content.</param>
internal sealed record ConsoleFile(byte[] Content, string ContentType, string Tag);

/// <summary>All files of the console by their names below <c>/console/</c>.</summary>
internal static class ConsoleFiles
{
    public const string Index = "index.html";

    private const string Prefix = "console/"; // logical names of the resources, see the project file

    private static readonly FrozenDictionary<string, ConsoleFile> All = typeof(ConsoleFiles).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Prefix.Length..].Replace('\\', '/'), Read, StringComparer.Ordinal);

    public static IEnumerable<string> Names => All.Keys;

    public static ConsoleFile? Find(string name) => All.GetValueOrDefault(name);

    private static ConsoleFile Read(string resource)
    {
        using var stream = typeof(ConsoleFiles).Assembly.GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"";
        return new ConsoleFile(content, ContentType(Path.GetExtension(resource)), tag);
    }

    private static string ContentType(string extension) => extension switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => throw new InvalidOperationException($"The console has a file with the extension '{extension}', which has no content type: give it one."),
    };
}
