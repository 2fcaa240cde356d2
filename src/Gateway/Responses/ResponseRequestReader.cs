using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Requests;

namespace Pharos.Gateway.Responses;

/// <summary>Reads the body of <c>POST /v1/responses</c>.</summary>
internal static class ResponseRequestReader
{
    private const string LogprobsInclude = "message.output_text.logprobs";

    // What the field would add to the output, no model here makes; or it is a hint.
    private static readonly string[] HarmlessIncludes = ["reasoning.encrypted_content", LogprobsInclude];

    /// <exception cref="ApiException">A field is missing, of a wrong type, out of range or not supported.</exception>
    public static ResponseRequest Read(JsonElement body, ModelBounds bounds)
    {
        var fields = RequestFields.OfBody(body);
        var model = fields.RequiredText("model");
        UnsupportedFields.RefuseInResponses(fields);
        var tools = ToolReader.Read(fields, flat: true);
        var runTools = fields.Object("pharos")?.Flag("run_tools") ?? false;
        var topLogprobs = (int?)fields.Integer("top_logprobs", 0, ChatRequestReader.MostAlternatives);
        var sampling = SamplingReader.Read(fields, bounds, ["max_output_tokens"], Includes(fields).Contains(LogprobsInclude) || topLogprobs > 0 ? topLogprobs ?? 0 : null);
        var text = fields.Object("text");
        var choice = ToolChoice.Read(fields, tools, runTools);
        _ = fields.Object("stream_options");
        var chat = new ChatRequest(
            model,
            InputReader.Read(fields),
            fields.Flag("stream") ?? false,
            IncludeUsage: true,
            Answers: 1,
            sampling,
            text?.Object("format") is { } format ? ResponseFormatReader.Read(format, format) : null,
            tools,
            choice,
            runTools,
            ChatRequestReader.Priority(fields)) { Field = "input" };
        var echo = new ResponseEcho(
            Same(fields, "tool_choice", "\"auto\""), Same(fields, "tools", "[]"), Same(fields, "text", """{"format":{"type":"text"}}"""),
            Same(fields, "reasoning", """{"effort":null,"summary":null}"""), Same(fields, "metadata", "{}"), fields.Text("user"), sampling.MaxTokens, sampling.Temperature,
            sampling.TopP, topLogprobs ?? 0, choice.Parallel);
        return new ResponseRequest(chat, fields.Text("instructions"), fields.Text("previous_response_id"), fields.Flag("store") ?? true, echo);
    }

    private static List<string> Includes(RequestFields fields)
    {
        var includes = new List<string>();
        foreach (var (value, path) in fields.Array("include") ?? [])
        {
            var name = RequestFields.StringOf(value, path);
            if (!HarmlessIncludes.Contains(name))
                throw ApiException.Invalid(path, $"'{path}' must be one of {string.Join(", ", HarmlessIncludes)}; \"{name}\" is not supported.", "unsupported_value");
            includes.Add(name);
        }
        return includes;
    }

    private static JsonElement Same(RequestFields fields, string field, string otherwise)
    {
        if (fields.Find(field) is not { } value)
            return JsonSerializer.Deserialize(otherwise, ResponseJson.Readable.JsonElement);
        RequestFields.RequireUnicode(value, field);
        return value.Clone();
    }
}
