using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Models;
using Pharos.Gateway.Requests;

namespace Pharos.Gateway.Tokens;

/// <summary><c>POST /tokenize</c> and <c>/detokenize</c>, in vLLM's shapes.</summary>
internal static class TokensApi
{
    public static void MapTokensApi(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/tokenize", Tokenize);
        routes.MapPost("/detokenize", Detokenize);
    }

    private static async Task<IResult> Tokenize(HttpContext context, PromptModel model, RawPrompts raw, TokenTexts texts, CancellationToken ct)
    {
        using var body = await JsonBody.Read(context, ct);
        var fields = Fields(body, model);
        var showsTexts = fields.Flag("return_token_strs") ?? false;
        ImmutableArray<int> tokens;
        if (fields.Find("messages") is null)
        {
            var prompt = fields.RequiredText("prompt");
            model.RequireRoom(prompt.Length, "prompt");
            tokens = raw.Encode(prompt, "prompt", fields.Flag("add_special_tokens") ?? true);
        }
        else
        {
            if (fields.Flag("add_generation_prompt") is false)
                throw ApiException.Invalid("add_generation_prompt", "'add_generation_prompt' must be true: a conversation is written as it would be answered.", "unsupported_value");
            tokens = model.Write(MessageReader.Read(fields), ToolReader.Read(fields), "messages");
        }
        string[]? shown = showsTexts ? [.. tokens.Select(texts.Text)] : null;
        return TypedResults.Json(new Tokenized(tokens.Length, model.ContextTokens, [.. tokens], shown), TokensJson.Readable.Tokenized);
    }

    private static async Task<IResult> Detokenize(HttpContext context, PromptModel model, RawPrompts raw, CancellationToken ct)
    {
        using var body = await JsonBody.Read(context, ct);
        var fields = Fields(body, model);
        _ = fields.Array("tokens") ?? throw ApiException.Invalid("tokens", "'tokens' is required: an array of token ids.", "missing_required_parameter");
        return TypedResults.Json(new Detokenized(raw.Decode(TokenIds.Read(fields.Find("tokens")!.Value, "tokens", model.VocabularySize))), TokensJson.Readable.Detokenized);
    }

    private static RequestFields Fields(JsonDocument body, PromptModel model)
    {
        var fields = RequestFields.OfBody(body.RootElement);
        if (fields.Text("model") is { } name)
            model.RequireServed(name);
        return fields;
    }
}

internal sealed record Tokenized(
    int Count, int MaxModelLen, int[] Tokens, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string[]? TokenStrs);

internal sealed record Detokenized(string Prompt);

[JsonSerializable(typeof(Tokenized))]
[JsonSerializable(typeof(Detokenized))]
internal sealed partial class TokensJson : JsonSerializerContext
{
    public static TokensJson Readable { get; } = new(OpenAiJson.NewOptions());
}
