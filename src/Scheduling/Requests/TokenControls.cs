using System.Collections.Immutable;

namespace Pharos.Scheduling.Requests;

/// <summary>What is added to logits before a token is chosen. Depends on the segment's own tokens alone, so a replay chooses the same.</summary>
/// <param name="PresencePenalty">Taken from the logit of every token that the running segment holds, [-2, 2].</param>
/// <param name="FrequencyPenalty">Taken once for every time it holds it, [-2, 2].</param>
[GenerateSerializer, Immutable, Alias("pharos.token-controls")]
public sealed record TokenControls(
    [property: Id(0)] ImmutableArray<TokenBias> Biases, [property: Id(1)] float PresencePenalty, [property: Id(2)] float FrequencyPenalty);

/// <param name="Bias">Added to the token's logit, [-100, 100].</param>
[GenerateSerializer, Immutable, Alias("pharos.token-bias")]
public readonly record struct TokenBias([property: Id(0)] int Token, [property: Id(1)] float Bias);

/// <summary>How likely the model found a token, whatever was then made of its logits: natural logarithm, temperature 1.</summary>
/// <param name="Top">The most likely tokens in its place, the likeliest first.</param>
[GenerateSerializer, Immutable, Alias("pharos.token-logprob")]
public sealed record TokenLogprob([property: Id(0)] int Token, [property: Id(1)] float Value, [property: Id(2)] ImmutableArray<TopLogprob> Top);

[GenerateSerializer, Immutable, Alias("pharos.top-logprob")]
public readonly record struct TopLogprob([property: Id(0)] int Token, [property: Id(1)] float Value);
