using System.Collections.Immutable;
using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Requests;

namespace Pharos.Gateway.Completions;

/// <summary>Reads the body of <c>POST /v1/completions</c>.</summary>
internal static class CompletionRequestReader
{
    private const int MaxPrompts = 64;
    private const int MostAnswers = 128;
    private const int MostAlternatives = 5;
    private const int DefaultMaxTokens = 16; // OpenAI's
    private const string PromptForms = "a string, an array of strings, an array of token ids or an array of those";

    /// <exception cref="ApiException">A field is missing, of a wrong type, out of range or not supported.</exception>
    public static CompletionRequest Read(JsonElement body, ModelBounds bounds)
    {
        var fields = RequestFields.OfBody(body);
        var model = fields.RequiredText("model");
        UnsupportedFields.Refuse(fields);
        var stream = fields.Flag("stream") ?? false;
        var answers = SamplingReader.Answers(fields);
        if (fields.Integer("best_of", 1, SamplingReader.MostAnswers) is { } best && best != answers)
            throw ApiException.Invalid("best_of", $"'best_of' is not supported; allowed: absent, or as 'n', {answers}.", "unsupported_value");
        if (fields.Text("suffix") is { Length: > 0 })
            throw ApiException.Invalid("suffix", "'suffix' is not supported: no text is filled in between; allowed: absent or empty.", "unsupported_value");
        var echo = fields.Flag("echo") ?? false;
        var logprobs = (int?)fields.Integer("logprobs", 0, MostAlternatives);
        if (echo && logprobs is not null)
            throw ApiException.Invalid("logprobs", "'logprobs' is not supported beside 'echo': log probabilities of prompts are not computed.", "unsupported_value");
        var prompts = Prompts(fields, bounds);
        if (prompts.Length * answers > MostAnswers)
            throw ApiException.Invalid("n", $"At most {MostAnswers} answers come in one response; {prompts.Length} prompts with 'n' {answers} want {prompts.Length * answers}.", "invalid_value");
        var sampling = SamplingReader.Read(fields, bounds, ["max_tokens"], logprobs);
        return new CompletionRequest(
            model, prompts, stream, ChatRequestReader.IncludesUsage(fields, stream), answers, echo,
            sampling with { MaxTokens = sampling.MaxTokens ?? DefaultMaxTokens }, ResponseFormatReader.Read(fields), ChatRequestReader.Priority(fields));
    }

    private static ImmutableArray<CompletionPrompt> Prompts(RequestFields fields, ModelBounds bounds)
    {
        switch (fields.Find("prompt"))
        {
            case null:
                throw ApiException.Invalid("prompt", $"'prompt' is required: {PromptForms}.", "missing_required_parameter");
            case { ValueKind: JsonValueKind.String } text:
                return [new CompletionPrompt(RequestFields.StringOf(text, "prompt"), [], "prompt")];
            case { ValueKind: JsonValueKind.Array } given:
                var parts = fields.Array("prompt")!;
                if (parts.Count == 0)
                    throw ApiException.Invalid("prompt", "'prompt' must not be an empty array.", "invalid_value");
                if (parts[0].Value.ValueKind == JsonValueKind.Number)
                    return [new CompletionPrompt(null, TokenIds.Read(given, "prompt", bounds.VocabularySize), "prompt")];
                if (parts.Count > MaxPrompts)
                    throw ApiException.Invalid("prompt", $"'prompt' must hold at most {MaxPrompts} prompts; it has {parts.Count}.", "invalid_value");
                return [.. parts.Select(part => Prompt(part.Value, part.Path, bounds))];
            case { } other:
                throw RequestFields.WrongType("prompt", PromptForms, other);
        }
    }

    private static CompletionPrompt Prompt(JsonElement value, string path, ModelBounds bounds) => value.ValueKind switch
    {
        JsonValueKind.String => new CompletionPrompt(RequestFields.StringOf(value, path), [], path),
        JsonValueKind.Array => new CompletionPrompt(null, TokenIds.Read(value, path, bounds.VocabularySize), path),
        _ => throw RequestFields.WrongType(path, "a string or an array of token ids", value),
    };
}
