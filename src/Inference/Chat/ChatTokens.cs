using System.Collections.Immutable;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Chat;

/// <summary>The special tokens that chat templates write, as text.</summary>
/// <param name="Named">By the variable's name in templates: <c>bos_token</c>, <c>eos_token</c>.</param>
/// <param name="Ends">Those that end a turn of the model.</param>
/// <param name="All">All of the vocabulary: they show the family of a model without a template.</param>
public sealed record ChatTokens(ImmutableArray<KeyValuePair<string, string>> Named, ImmutableArray<string> Ends, ImmutableArray<string> All)
{
    public static readonly ChatTokens None = new([], [], []);

    // In case the generation config names the end of text alone.
    private static readonly string[] KnownEnds = ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "</s>", "<|end|>", "<|endoftext|>", "<eos>"];

    /// <param name="endTokens">Ids that end an answer.</param>
    public static ChatTokens Of(Tokenizer tokenizer, TokenizerConfig config, IEnumerable<int> endTokens)
    {
        var ends = endTokens.ToHashSet();
        var named = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        if (config.BosToken is { } bos)
            named.Add(new("bos_token", bos));
        if (config.EosToken is { } eos)
            named.Add(new("eos_token", eos));
        return new ChatTokens(
            named.ToImmutable(),
            [.. tokenizer.AddedTokens.Where(token => ends.Contains(token.Id)).Select(token => token.Content).Union(
                tokenizer.AddedTokens.Select(token => token.Content).Intersect(KnownEnds))],
            [.. tokenizer.AddedTokens.Select(token => token.Content)]);
    }
}
