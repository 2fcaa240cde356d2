using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Requests;

/// <summary><c>pharos.slo</c>: the pace that a client asks for, in seconds; null: its tenant's, or the cluster's.</summary>
/// <param name="FirstToken">Arrival of a segment to its first token.</param>
/// <param name="TokenGap">The 99th percentile of the gaps between tokens.</param>
internal readonly record struct SloRequest(double? FirstToken, double? TokenGap);

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

    public SloRequest Slo { get; init; }
}
