using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Pharos.Inference.Chat;

/// <summary>
/// A short, stable hash of the tools and one a message, to tell on resume whether a client's transcript still is the one that was served.
/// Normalised where clients differ without meaning it: white space around the content, spelling of the JSON, order of the tools.
/// </summary>
public static class TranscriptHash
{
    /// <returns>The hash of the tools, then those of the messages in their order: a transcript that goes on begins with the same ones.</returns>
    public static ImmutableArray<string> Of(IEnumerable<ChatTool> tools, IEnumerable<ChatMessage> messages) => [OfTools(tools), .. messages.Select(Of)];

    /// <returns>16 hexadecimal digits.</returns>
    public static string Of(ChatMessage message)
    {
        var text = new StringBuilder();
        Append(text, message.Role.ToString());
        Append(text, message.Content.Trim());
        Append(text, message.ToolCallId ?? "");
        foreach (var call in message.ToolCalls)
        {
            Append(text, call.Id);
            Append(text, call.Name);
            Append(text, Compact(call.Arguments));
        }
        return Hash(text);
    }

    private static string OfTools(IEnumerable<ChatTool> tools)
    {
        var text = new StringBuilder();
        foreach (var tool in tools.OrderBy(tool => tool.Name, StringComparer.Ordinal))
        {
            Append(text, tool.Name);
            Append(text, Compact(tool.Schema));
        }
        return Hash(text);
    }

    private static string Hash(StringBuilder text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))[..8]);

    /// <summary>Each part with its length, so that no two messages share a spelling.</summary>
    private static void Append(StringBuilder text, string part) => text.Append(part.Length).Append(':').Append(part).Append('\n');

    private static string Compact(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer))
                document.RootElement.WriteTo(writer);
            return Encoding.UTF8.GetString(buffer.WrittenSpan);
        }
        catch (JsonException)
        {
            return json.Trim();
        }
    }
}
