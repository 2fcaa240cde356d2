using System.Collections.Immutable;
using Pharos.Inference.Kernels;
using Pharos.Inference.Models.Rotary;

namespace Pharos.Inference.Models;

/// <summary>
/// What a decoder model computes, whatever family it belongs to and whatever files it was read from. The families differ in these values alone;
/// there is one forward pass.
/// </summary>
public sealed record ModelArchitecture
{
    /// <summary>The family's name in configurations, such as <c>llama</c> or <c>gemma3</c>; for people, no computation depends on it.</summary>
    public required string Family { get; init; }

    public required int VocabularySize { get; init; }

    public required int HiddenSize { get; init; }

    /// <summary>Width of the gated feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    public required int Heads { get; init; }

    /// <summary>Heads of keys and values; equal to <see cref="Heads"/>, or a divisor of it for grouped queries.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Dimensions of a head; even, and independent of <see cref="HiddenSize"/>.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Longest context in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Added to the mean square within all norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>What differs between layers, first to last.</summary>
    public required ImmutableArray<LayerSpec> LayerSpecs { get; init; }

    /// <summary>The output head is the token embedding.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Queries, keys and values have biases (Qwen 2).</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Each head of queries and keys is normalised before it turns (Qwen 3, Gemma 3).</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>What attention and feed-forward give is normalised before it is added (Gemma).</summary>
    public bool PostNorms { get; init; }

    /// <summary>Norms are stored as what is added to 1 (Gemma in Hugging Face files); the engine's own copy holds the sum.</summary>
    public bool NormsStoredLessOne { get; init; }

    public Activation Activation { get; init; } = Activation.SwiGlu;

    /// <summary>What token embeddings are multiplied by (Gemma: the square root of <see cref="HiddenSize"/>).</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>What queries are multiplied by; mostly one over the square root of <see cref="HeadDim"/>.</summary>
    public required float QueryScale { get; init; }

    /// <summary>Attention scores become cap x tanh(score / cap); 0: they stay.</summary>
    public float AttentionSoftcap { get; init; }

    /// <summary>Logits become cap x tanh(logit / cap); 0: they stay.</summary>
    public float LogitSoftcap { get; init; }

    public int? BosToken { get; init; }

    /// <summary>Tokens that end a completion, as far as the model's own configuration names them.</summary>
    public ImmutableArray<int> EosTokens { get; init; } = [];

    /// <summary>Depths (in layers, ascending) after which the shared norm and head give usable logits; empty where untrained.</summary>
    public ImmutableArray<int> EarlyExitLayers { get; init; } = [];

    public int Layers => LayerSpecs.Length;

    /// <summary>Multiply-accumulates of one token through all layers and the head: about the parameter count.</summary>
    public long Parameters =>
        (long)Layers * HiddenSize * ((2L * Heads + 2 * KvHeads) * HeadDim + 3L * IntermediateSize) + (long)VocabularySize * HiddenSize;
}

/// <param name="Window">Sliding window: a token sees so many positions, its own among them; 0: all.</param>
public sealed record LayerSpec(int Window, RotarySpec Rotary);

/// <summary>How the heads of a layer turn with the position. Layers with equal specifications share a table.</summary>
/// <param name="Dims">Dimensions of a head that turn, the first ones; even.</param>
public sealed record RotarySpec(double Theta, int Dims, RopeScaling Scaling);
