using System.Text.Json.Serialization;

namespace Pharos.Bench.Engine;

/// <summary>One row of the results: medians of the repeats.</summary>
/// <param name="Test">decode or prefill.</param>
/// <param name="Dtype">How weights are kept: fp32, bf16 or int8.</param>
/// <param name="Batch">Sequences of a step, or tokens of the prompt.</param>
/// <param name="Depth">Tokens of context before the step.</param>
/// <param name="ShareOfBandwidth">Weights and caches read, over what the probe reads in the same time; 1 is the end of the road for decoding.</param>
/// <param name="ShareOfFmaPeak">Multiply-adds with weights, over what the probe does from registers.</param>
internal sealed record Sample(
    [property: JsonPropertyName("test")] string Test,
    [property: JsonPropertyName("dtype")] string Dtype,
    [property: JsonPropertyName("batch")] int Batch,
    [property: JsonPropertyName("depth")] int Depth,
    [property: JsonPropertyName("threads")] int Threads,
    [property: JsonPropertyName("tokensPerSecond")] double TokensPerSecond,
    [property: JsonPropertyName("shareOfBandwidth")] double ShareOfBandwidth,
    [property: JsonPropertyName("shareOfFmaPeak")] double ShareOfFmaPeak,
    [property: JsonPropertyName("peer")] PeerSample? Peer);

/// <summary>The peer in the same run, its samples taken in turn with ours.</summary>
internal sealed record PeerSample([property: JsonPropertyName("tokensPerSecond")] double TokensPerSecond);

[JsonSerializable(typeof(List<Sample>))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class SampleJson : JsonSerializerContext;
