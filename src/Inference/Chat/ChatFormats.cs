using System.Collections.Immutable;
using System.Reflection;
using Pharos.Inference.Chat.Jinja;

namespace Pharos.Inference.Chat;

/// <summary>What an operator says of a model's chat format; the model's own files where he says nothing.</summary>
/// <param name="Template"><c>auto</c>, a built-in family, or the path of a file that holds a Jinja template.</param>
/// <param name="Tools"><c>auto</c>, or a name of <see cref="ToolMarkup.All"/>.</param>
public sealed record ChatFormatChoice(string Template = ChatFormatChoice.Auto, string Tools = ChatFormatChoice.Auto)
{
    public const string Auto = "auto";
}

/// <summary>Chooses how a model's conversations are written: by its own template, else by the family that its special tokens show.</summary>
public static class ChatFormats
{
    // With the token that shows each.
    private static readonly (string Name, string Token)[] BuiltIn =
        [("chatml", "<|im_start|>"), ("llama3", "<|start_header_id|>"), ("gemma", "<start_of_turn>"), ("mistral", "[INST]")];

    /// <summary>Names of the built-in templates.</summary>
    public static ImmutableArray<string> Families { get; } = [.. BuiltIn.Select(family => family.Name)];

    /// <param name="template">The model's own; null where it has none.</param>
    /// <exception cref="NotSupportedException">It has none and is of no known family, or its template uses what is not supported; the message says what.</exception>
    public static IChatFormat For(string? template, ChatTokens tokens, ChatFormatChoice? choice = null, TimeProvider? time = null)
    {
        choice ??= new ChatFormatChoice();
        var (name, source) = Source(template, tokens, choice.Template);
        var markup = choice.Tools == ChatFormatChoice.Auto
            ? ToolMarkup.Of(source)
            : ToolMarkup.All.FirstOrDefault(known => known.Name == choice.Tools)
                ?? throw new NotSupportedException($"The tool-call format '{choice.Tools}' is not known; there are: auto, {string.Join(", ", ToolMarkup.All)}.");
        try
        {
            return new TemplateFormat($"{name}, tool calls as {markup.Name}", source, markup, tokens, time ?? TimeProvider.System);
        }
        catch (JinjaException e)
        {
            throw new NotSupportedException($"{e.Message} Pharos:Chat:Template may name another: {string.Join(", ", Families)}, or a file.", e);
        }
    }

    private static (string Name, string Source) Source(string? template, ChatTokens tokens, string chosen)
    {
        if (Families.Contains(chosen))
            return (chosen, Read(chosen));
        if (chosen != ChatFormatChoice.Auto)
            return (Path.GetFileName(chosen), File.ReadAllText(chosen));
        if (template is not null)
            return ("its own template", template);
        var family = BuiltIn.FirstOrDefault(family => tokens.All.Contains(family.Token)).Name;
        return family is not null ? (family, Read(family)) : throw new NotSupportedException(
            "The model has no chat template (chat_template in tokenizer_config.json, chat_template.jinja, or tokenizer.chat_template in a GGUF file), and none of its "
            + $"special tokens shows a known family. Set Pharos:Chat:Template to {string.Join(", ", Families)}, or to a file that holds a Jinja template.");
    }

    private static string Read(string family)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Pharos.Inference.Chat.{family}.jinja")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
