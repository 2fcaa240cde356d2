using System.Text.Json;
using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat.Tests.Jinja;

/// <summary>What Python's own Jinja2 made of the same templates and values; <c>make-goldens.py</c> wrote it.</summary>
public static class Goldens
{
    private static readonly JsonDocument Document = JsonDocument.Parse(Read("goldens.json"));
    private static readonly JsonDocument Conversations = JsonDocument.Parse(Read("conversations.json"));

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Jinja");

    public static JsonElement Root => Document.RootElement;

    public static DateTimeOffset Now => DateTimeOffset.Parse(Root.GetProperty("now").GetString()! + "Z", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A family's template of the tests, or a built-in one.</summary>
    public static string Template(string file)
    {
        var own = Path.Combine(Folder, "Families", file);
        return File.ReadAllText(File.Exists(own) ? own : Path.Combine(Folder, "BuiltIn", file));
    }

    /// <summary>The variables of a conversation.</summary>
    internal static IEnumerable<KeyValuePair<string, object?>> Variables(string conversation)
    {
        var given = Conversations.RootElement.GetProperty(conversation);
        yield return new("messages", JinjaJson.Read(given.GetProperty("messages")));
        yield return new("tools", given.TryGetProperty("tools", out _) ? JinjaJson.Read(Root.GetProperty("tools")) : null);
        yield return new("documents", null);
        yield return new("add_generation_prompt", true);
        yield return new("bos_token", MarkedText.Own("<s>"));
        yield return new("eos_token", MarkedText.Own("</s>"));
    }

    internal static IEnumerable<KeyValuePair<string, object?>> Values() =>
        Root.GetProperty("values").EnumerateObject().Select(member => KeyValuePair.Create(member.Name, JinjaJson.Read(member.Value)));

    internal static string Render(string template, IEnumerable<KeyValuePair<string, object?>> values, JinjaLimits? limits = null) =>
        string.Concat(JinjaTemplate.Parse(template).Render(values, Now, limits).Select(piece => piece.Text));

    private static string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));
}
