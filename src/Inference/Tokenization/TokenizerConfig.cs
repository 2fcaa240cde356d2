using System.Text.Json;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tokenization;

/// <summary>What <c>tokenizer_config.json</c> says beside the tokenizer; null where it says nothing or the file is absent.</summary>
/// <param name="ChatTemplate">Jinja source that renders a conversation to a prompt.</param>
/// <param name="AddBosToken">Whether a raw prompt begins with <paramref name="BosToken"/>.</param>
/// <param name="ModelMaxLength">Longest context in tokens the tokenizer was exported for.</param>
public sealed record TokenizerConfig(string? ChatTemplate, string? BosToken, string? EosToken, bool AddBosToken, int? ModelMaxLength)
{
    internal static TokenizerConfig Read(string path)
    {
        var file = Path.Combine(Path.GetDirectoryName(path)!, "chat_template.jinja"); // where newer exporters keep it
        var template = File.Exists(file) ? File.ReadAllText(file) : null;
        if (!File.Exists(path))
            return new TokenizerConfig(template, null, null, false, null);
        using var document = JsonFields.Open(path);
        var fields = new JsonFields(Path.GetFileName(path), document.RootElement);
        return new TokenizerConfig(
            template ?? ReadTemplate(fields), ReadToken(fields, "bos_token"), ReadToken(fields, "eos_token"), fields.Boolean("add_bos_token", false),
            ReadMaxLength(fields));
    }

    /// <summary>One template, or a list of named ones of which "default" is meant.</summary>
    private static string? ReadTemplate(JsonFields fields)
    {
        if (fields.Find("chat_template") is not { ValueKind: JsonValueKind.Array } list)
            return fields.OptionalText("chat_template");
        foreach (var entry in list.EnumerateArray())
        {
            if (new JsonFields(fields.FileName, entry) is var named && named.OptionalText("name") == "default")
                return named.OptionalText("template");
        }
        throw fields.Unsupported("chat_template", list, "a string, or a list with an entry named \"default\"");
    }

    /// <summary>A token is written as its text or as an object with its content.</summary>
    private static string? ReadToken(JsonFields fields, string name) =>
        fields.Find(name) is { ValueKind: JsonValueKind.Object } token ? new JsonFields(fields.FileName, token).OptionalText("content") : fields.OptionalText(name);

    private static int? ReadMaxLength(JsonFields fields) =>
        // Exporters write 1e30 for "no limit".
        fields.OptionalNumber("model_max_length", 1, double.MaxValue) is { } length && length < int.MaxValue ? (int)length : null;
}
