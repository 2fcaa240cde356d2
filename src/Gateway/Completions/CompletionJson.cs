using System.Text.Json.Serialization;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Completions;

/// <summary><c>text_completion</c>, whole or a chunk of it.</summary>
internal sealed record Completion(
    string Id, string Object, long Created, string Model, CompletionChoice[] Choices,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatUsage? Usage);

internal sealed record CompletionChoice(int Index, string Text, LegacyLogprobs? Logprobs, string? FinishReason);

/// <summary>Log probabilities as this API has them: columns, the alternatives by their text.</summary>
/// <param name="TextOffset">Where each token's text begins, in characters.</param>
internal sealed record LegacyLogprobs(string[] Tokens, float[] TokenLogprobs, Dictionary<string, float>[] TopLogprobs, int[] TextOffset)
{
    /// <param name="offset">Where the first begins.</param>
    public static LegacyLogprobs Of(IEnumerable<TokenLogprob> logprobs, TokenTexts texts, int offset)
    {
        var told = logprobs.Where(one => !texts.Ends(one.Token)).ToList();
        var tokens = told.Select(one => texts.Text(one.Token)).ToArray();
        var offsets = new int[tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
            (offsets[i], offset) = (offset, offset + tokens[i].Length);
        return new LegacyLogprobs(tokens, [.. told.Select(one => one.Value)], [.. told.Select(one => Alternatives(one, texts))], offsets);
    }

    // Tokens that show alike share an entry: the likelier one's.
    private static Dictionary<string, float> Alternatives(TokenLogprob one, TokenTexts texts)
    {
        var alternatives = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var top in one.Top)
            alternatives.TryAdd(texts.Text(top.Token), top.Value);
        return alternatives;
    }
}

[JsonSerializable(typeof(Completion))]
internal sealed partial class CompletionJson : JsonSerializerContext
{
    public static CompletionJson Readable { get; } = new(OpenAiJson.NewOptions());
}
