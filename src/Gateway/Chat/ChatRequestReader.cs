using System.Collections.Immutable;
using System.Text.Json;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Chat;

/// <summary>
/// Reads the body of <c>POST /v1/chat/completions</c>. What changes the output is honoured or refused with the field's name; hints and
/// neutral values that clients send are let pass.
/// </summary>
internal static class ChatRequestReader
{
    private const int MaxStops = 4;

    /// <param name="contextTokens">The model's context: the upper bound of <c>max_tokens</c>.</param>
    /// <exception cref="ApiException">A field is missing, of a wrong type, out of range or not supported.</exception>
    public static ChatRequest Read(JsonElement body, int contextTokens)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw new ApiException(new ApiError(System.Net.HttpStatusCode.BadRequest, "invalid_request_error", "The body must be a JSON object."));
        var fields = new RequestFields(body);
        var model = fields.RequiredText("model");
        UnsupportedFields.Refuse(fields);
        var stream = fields.Flag("stream") ?? false;
        var streamOptions = fields.Object("stream_options");
        if (streamOptions is not null && !stream)
            throw ApiException.Invalid("stream_options", "'stream_options' is allowed only where 'stream' is true.");
        return new ChatRequest(
            model,
            MessageReader.Read(fields),
            stream,
            streamOptions?.Flag("include_usage") ?? false,
            (int?)(fields.Integer("max_completion_tokens", 1, contextTokens) ?? fields.Integer("max_tokens", 1, contextTokens)),
            (float?)fields.Number("temperature", 0, 2),
            (float?)fields.Number("top_p", 0, 1, leastAllowed: false),
            (int?)fields.Integer("top_k", -1, int.MaxValue),
            (ulong?)fields.Integer("seed", long.MinValue, long.MaxValue),
            ReadStop(fields),
            ResponseFormatReader.Read(fields),
            ToolReader.Read(fields),
            ToolReader.OffersTools(fields),
            ReadExtension(fields),
            (int)(fields.Integer("priority", int.MinValue, int.MaxValue) ?? 0));
    }

    private static ImmutableArray<string> ReadStop(RequestFields fields)
    {
        if (fields.Find("stop") is not { } stop)
            return [];
        if (stop.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
            throw RequestFields.WrongType("stop", "a string or an array of strings", stop);
        ImmutableArray<string> texts = stop.ValueKind == JsonValueKind.String
            ? [RequestFields.StringOf(stop, "stop")]
            : [.. fields.Array("stop")!.Select(element => RequestFields.StringOf(element.Value, element.Path))];
        if (texts.Length > MaxStops)
            throw ApiException.Invalid("stop", $"'stop' must have at most {MaxStops} strings; it has {texts.Length}.", "invalid_value");
        if (texts.Contains(""))
            throw ApiException.Invalid("stop", "'stop' must not hold an empty string.", "invalid_value");
        return texts;
    }

    private static bool ReadExtension(RequestFields fields) => fields.Object("pharos")?.Flag("run_tools") ?? false;
}
