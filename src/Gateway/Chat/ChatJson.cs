using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pharos.Gateway.Models;
using Pharos.Gateway.ToolCalls;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary><c>chat.completion</c>.</summary>
internal sealed record ChatCompletion(
    string Id, string Object, long Created, string Model, ChatChoice[] Choices, ChatUsage Usage,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatExtension? Pharos);

/// <param name="Logprobs">Null is written too, since some clients look for it.</param>
internal sealed record ChatChoice(int Index, ChatAnswerMessage Message, ChatLogprobs? Logprobs, string FinishReason);

internal sealed record ChatLogprobs(LogprobJson[] Content, object? Refusal)
{
    /// <summary>One entry a sampled token, markup of calls included; the token that ends an answer is left out.</summary>
    public static ChatLogprobs Of(IEnumerable<TokenLogprob> logprobs, TokenTexts tokens) =>
        new([.. logprobs.Where(one => !tokens.Ends(one.Token)).Select(one => LogprobJson.Of(one, tokens))], null);
}

/// <param name="Bytes">As numbers, not as base 64.</param>
internal sealed record LogprobJson(string Token, float Logprob, int[] Bytes, TopLogprobJson[] TopLogprobs)
{
    public static LogprobJson Of(TokenLogprob one, TokenTexts tokens) => new(
        tokens.Text(one.Token), one.Value, Numbers(tokens, one.Token), [.. one.Top.Select(top => new TopLogprobJson(tokens.Text(top.Token), top.Value, Numbers(tokens, top.Token)))]);

    private static int[] Numbers(TokenTexts tokens, int token) => [.. tokens.Bytes(token).Select(value => (int)value)];
}

internal sealed record TopLogprobJson(string Token, float Logprob, int[] Bytes);

internal sealed record ChatAnswerMessage(
    string Role, string? Content, string? Refusal, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatCallJson[]? ToolCalls);

internal sealed record ChatCallJson(string Id, string Type, ChatFunctionJson Function);

internal sealed record ChatFunctionJson(string Name, string Arguments);

/// <summary>Calls that the cluster made itself.</summary>
internal sealed record ChatExtension(ServerCallJson[] ToolCalls);

internal sealed record ServerCallJson(string Id, string Name, string Arguments, string? Result, double? Seconds, bool? Failed);

/// <summary><c>chat.completion.chunk</c>. Null usage is left out unless the client asked for usage at the end.</summary>
internal sealed record ChatChunk(
    string Id, string Object, long Created, string Model, ChunkChoice[] Choices,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatUsage? Usage);

internal sealed record ChunkChoice(int Index, ChunkDelta Delta, ChatLogprobs? Logprobs, string? FinishReason);

internal sealed record ChunkDelta(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Role = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Content = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChunkCall[]? ToolCalls = null);

internal sealed record ChunkCall(
    int Index,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Id,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Type,
    ChunkFunction Function);

internal sealed record ChunkFunction(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Name, string Arguments);

/// <summary>Data of <c>event: pharos.tool_call</c>.</summary>
internal sealed record ServerCallStarted(string Id, string Name, string Arguments);

/// <summary>Data of <c>event: pharos.tool_result</c>.</summary>
internal sealed record ServerCallReturned(string Id, string Name, string Result, double Seconds, bool Failed);

internal sealed record ChatUsage(
    int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokenDetails PromptTokensDetails, PharosUsage Pharos)
{
    public static ChatUsage Of(RequestUsage usage) => new(
        usage.PromptTokens,
        usage.CompletionTokens,
        usage.PromptTokens + usage.CompletionTokens,
        new PromptTokenDetails(usage.CachedTokens),
        PharosUsage.Of(usage));
}

internal sealed record PromptTokenDetails(int CachedTokens);

/// <summary><c>usage.pharos</c>; its names are camel case everywhere.</summary>
internal sealed record PharosUsage(
    [property: JsonPropertyName("kvTokenSeconds")] double KvTokenSeconds,
    [property: JsonPropertyName("queueSeconds")] double QueueSeconds,
    [property: JsonPropertyName("toolSeconds")] double ToolSeconds,
    [property: JsonPropertyName("receipts")] int Receipts,
    [property: JsonPropertyName("preemptions")] int Preemptions,
    [property: JsonPropertyName("migrations")] int Migrations)
{
    public static PharosUsage Of(RequestUsage usage) =>
        new(usage.KvTokenSeconds, usage.QueueSeconds, usage.ToolSeconds, usage.Receipts, usage.Preemptions, usage.Migrations);
}

/// <summary>The error envelope of all paths below <c>/v1</c>.</summary>
internal sealed record ErrorEnvelope(ErrorBody Error);

internal sealed record ErrorBody(string Message, string Type, string? Param, string? Code);

internal sealed record ModelList(string Object, ModelJson[] Data);

/// <param name="Candidates">Of a family: those that may answer in its name.</param>
internal sealed record ModelJson(
    string Id, string Object, long Created, string OwnedBy, int MaxModelLen,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CandidateJson[]? Candidates);

/// <param name="Layers">That every token of it runs through.</param>
internal sealed record CandidateJson(string Id, int Layers, long Parameters);

/// <summary>Shapes below <c>/v1</c>: snake case, and text as it is rather than escaped, since no HTML page ever holds it.</summary>
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatChunk))]
[JsonSerializable(typeof(ServerCallStarted))]
[JsonSerializable(typeof(ServerCallReturned))]
[JsonSerializable(typeof(ToolCallJson))]
[JsonSerializable(typeof(ErrorEnvelope))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelJson))]
internal sealed partial class OpenAiJson : JsonSerializerContext
{
    /// <summary>The context to write with.</summary>
    public static OpenAiJson Readable { get; } = new(NewOptions());

    public static JsonSerializerOptions NewOptions() => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
