using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Requests;

/// <summary>How tokens are to be chosen and when to stop, as a client asked: what the APIs have in common. Ranges are checked.</summary>
/// <param name="MaxTokens">Null: what is left of the context.</param>
/// <param name="Temperature">Null, as <paramref name="TopP"/> and <paramref name="TopK"/>: what the model recommends.</param>
/// <param name="Seed">Null: one of the gateway's.</param>
/// <param name="Controls">Null: logits are as they are.</param>
/// <param name="Logprobs">Alternatives told with each token; null: no log probabilities.</param>
internal sealed record SamplingRequest(
    int? MaxTokens = null, float? Temperature = null, float? TopP = null, int? TopK = null, ulong? Seed = null, TokenControls? Controls = null, int? Logprobs = null)
{
    public ImmutableArray<string> Stop { get; init; } = [];
}
