using System.Text.Json;
using System.Text.Json.Serialization;
using Pharos.Gateway.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Responses;

/// <summary><c>response</c>.</summary>
/// <param name="Usage">Null until it has ended.</param>
internal sealed record ResponseBody(
    string Id, string Object, long CreatedAt, string Status, ResponseError? Error, IncompleteDetails? IncompleteDetails, string? Instructions, int? MaxOutputTokens, string Model,
    OutputItem[] Output, bool ParallelToolCalls, string? PreviousResponseId, JsonElement Reasoning, bool Store, float? Temperature, JsonElement Text, JsonElement ToolChoice,
    JsonElement Tools, int TopLogprobs, float? TopP, string Truncation, ResponseUsage? Usage, string? User, JsonElement Metadata,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatExtension? Pharos);

internal sealed record ResponseError(string Code, string Message);

internal sealed record IncompleteDetails(string Reason);

/// <summary>A message of the assistant, with content; or a call, with the other fields.</summary>
internal sealed record OutputItem(
    string Type, string Id, string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Role = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] OutputText[]? Content = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? CallId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Arguments = null);

/// <param name="Annotations">Always empty.</param>
internal sealed record OutputText(string Type, string Text, string[] Annotations, LogprobJson[] Logprobs);

internal sealed record ResponseUsage(
    int InputTokens, InputTokenDetails InputTokensDetails, int OutputTokens, OutputTokenDetails OutputTokensDetails, int TotalTokens, PharosUsage Pharos)
{
    public static ResponseUsage Of(RequestUsage usage) => new(
        usage.PromptTokens, new InputTokenDetails(usage.CachedTokens), usage.CompletionTokens, new OutputTokenDetails(0), usage.PromptTokens + usage.CompletionTokens, PharosUsage.Of(usage));
}

internal sealed record InputTokenDetails(int CachedTokens);

internal sealed record OutputTokenDetails(int ReasoningTokens);

/// <summary>One event of a stream; which fields it has, its type says.</summary>
internal sealed record ResponseEvent(
    string Type, int SequenceNumber,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ResponseBody? Response = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ItemId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? OutputIndex = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? ContentIndex = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] OutputItem? Item = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] OutputText? Part = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Delta = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Text = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Arguments = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LogprobJson[]? Logprobs = null);

internal sealed record DeletedResponse(string Id, string Object, bool Deleted);

[JsonSerializable(typeof(ResponseBody))]
[JsonSerializable(typeof(ResponseEvent))]
[JsonSerializable(typeof(DeletedResponse))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ResponseJson : JsonSerializerContext
{
    public static ResponseJson Readable { get; } = new(OpenAiJson.NewOptions());
}
