namespace Pharos.Inference.Loading;

/// <summary>The stored tensors of a model by what they are for, under whatever names the files have them; shapes are checked.</summary>
/// <param name="Embedding">[vocabulary, hidden]</param>
/// <param name="FinalNorm">[hidden]</param>
/// <param name="Head">[vocabulary, hidden]; the embedding where the two are one.</param>
internal sealed record ModelTensors(TensorView Embedding, TensorView FinalNorm, TensorView Head, LayerTensors[] Layers);

/// <summary>The stored tensors of one layer; null where the architecture has none.</summary>
internal sealed record LayerTensors
{
    public required TensorView AttentionNorm { get; init; }       // [hidden]

    public required TensorView Query { get; init; }               // [heads * headDim, hidden]

    public required TensorView Key { get; init; }                 // [kvHeads * headDim, hidden]

    public required TensorView Value { get; init; }               // [kvHeads * headDim, hidden]

    public TensorView? QueryBias { get; init; }                   // [heads * headDim]

    public TensorView? KeyBias { get; init; }                     // [kvHeads * headDim]

    public TensorView? ValueBias { get; init; }                   // [kvHeads * headDim]

    public TensorView? QueryNorm { get; init; }                   // [headDim]

    public TensorView? KeyNorm { get; init; }                     // [headDim]

    public required TensorView AttentionOutput { get; init; }     // [hidden, heads * headDim]

    public TensorView? PostAttentionNorm { get; init; }           // [hidden]

    public required TensorView FeedForwardNorm { get; init; }     // [hidden]

    public required TensorView Gate { get; init; }                // [intermediate, hidden]

    public required TensorView Up { get; init; }                  // [intermediate, hidden]

    public required TensorView Down { get; init; }                // [hidden, intermediate]

    public TensorView? PostFeedForwardNorm { get; init; }         // [hidden]

    /// <summary>
    /// Rows of queries and keys lie as [head][pair][2] instead of [head][2][pair]: GGUF files of the Llama family, whose library turns neighbours.
    /// </summary>
    public bool PairsAreNeighbours { get; init; }
}
