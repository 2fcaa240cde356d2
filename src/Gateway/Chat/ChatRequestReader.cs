using System.Text.Json;
using Pharos.Gateway.Http;
using Pharos.Gateway.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>
/// Reads the body of <c>POST /v1/chat/completions</c>. What changes the output is honoured or refused with the field's name; hints and
/// neutral values that clients send are let pass.
/// </summary>
internal static class ChatRequestReader
{
    public const int MostAlternatives = 20;

    /// <exception cref="ApiException">A field is missing, of a wrong type, out of range or not supported.</exception>
    public static ChatRequest Read(JsonElement body, ModelBounds bounds)
    {
        var fields = RequestFields.OfBody(body);
        var model = fields.RequiredText("model");
        UnsupportedFields.Refuse(fields);
        var stream = fields.Flag("stream") ?? false;
        var tools = ToolReader.Read(fields);
        var runTools = fields.Object("pharos")?.Flag("run_tools") ?? false;
        return new ChatRequest(
            model,
            MessageReader.Read(fields),
            stream,
            IncludesUsage(fields, stream),
            SamplingReader.Answers(fields),
            SamplingReader.Read(fields, bounds, ["max_completion_tokens", "max_tokens"], Logprobs(fields)),
            ResponseFormatReader.Read(fields),
            tools,
            ToolChoice.Read(fields, tools, runTools),
            runTools,
            Priority(fields));
    }

    /// <summary><c>stream_options.include_usage</c>.</summary>
    public static bool IncludesUsage(RequestFields fields, bool stream)
    {
        if (fields.Object("stream_options") is not { } options)
            return false;
        return stream ? options.Flag("include_usage") ?? false : throw ApiException.Invalid("stream_options", "'stream_options' is allowed only where 'stream' is true.");
    }

    /// <summary><c>priority</c>: lower is sooner.</summary>
    public static int Priority(RequestFields fields) => (int)(fields.Integer("priority", int.MinValue, int.MaxValue) ?? 0);

    private static int? Logprobs(RequestFields fields)
    {
        var top = (int?)fields.Integer("top_logprobs", 0, MostAlternatives);
        if (fields.Flag("logprobs") ?? false)
            return top ?? 0;
        return top is null or 0 ? null : throw ApiException.Invalid("top_logprobs", "'top_logprobs' is allowed only where 'logprobs' is true.", "invalid_value");
    }
}
