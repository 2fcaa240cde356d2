using Pharos.Inference.Loading;
using Pharos.Inference.Models;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>One layer on the device. Matrices are [outputs, inputs], norms and biases fp32; null where the architecture has none.</summary>
/// <param name="QueryKeyValue">All three in one matrix: [(heads + 2 * kvHeads) * headDim, hidden].</param>
/// <param name="QueryKeyValueBias">[(heads + 2 * kvHeads) * headDim], in the type of the matrix.</param>
/// <param name="HeadNorm">[heads + kvHeads, headDim]: the norm of queries for every head of queries, then that of keys.</param>
/// <param name="GateUp">[2 * intermediate, hidden]</param>
internal sealed record TorchLayer(
    Tensor AttentionNorm, Tensor QueryKeyValue, Tensor? QueryKeyValueBias, Tensor? HeadNorm, Tensor AttentionOutput, Tensor? PostAttentionNorm,
    Tensor FeedForwardNorm, Tensor GateUp, Tensor Down, Tensor? PostFeedForwardNorm);

/// <summary>All weights of a model on one device; independent of the files they came from.</summary>
internal sealed class TorchWeights : IDisposable
{
    private readonly ModelArchitecture model;
    private readonly WeightUploader uploader;
    private readonly List<Tensor> owned = [];

    /// <summary>Uploads everything. Called within inference mode, on the thread that runs the steps.</summary>
    public TorchWeights(LoadedModel source, Device device, ScalarType type)
    {
        model = source.Architecture;
        uploader = new WeightUploader(device, type);
        var stored = source.Tensors;
        Embedding = Own(uploader.Matrix(model.HiddenSize, (stored.Embedding, AsItIs)));
        Head = ReferenceEquals(stored.Head, stored.Embedding) ? Embedding : Own(uploader.Matrix(model.HiddenSize, (stored.Head, AsItIs)));
        FinalNorm = Norm(stored.FinalNorm)!;
        Layers = [.. stored.Layers.Select(Upload)];
    }

    /// <summary>[vocabulary, hidden]</summary>
    public Tensor Embedding { get; }

    /// <summary>[vocabulary, hidden]</summary>
    public Tensor Head { get; }

    /// <summary>[hidden]</summary>
    public Tensor FinalNorm { get; }

    public TorchLayer[] Layers { get; }

    public void Dispose()
    {
        foreach (var tensor in owned)
            tensor.Dispose();
    }

    private TorchLayer Upload(LayerTensors layer)
    {
        int dims = model.HeadDim;
        Func<int, int> headRow = layer.PairsAreNeighbours ? row => Together(row, dims) : AsItIs;
        return new TorchLayer(
            Norm(layer.AttentionNorm)!,
            Own(uploader.Matrix(model.HiddenSize, (layer.Query, headRow), (layer.Key, headRow), (layer.Value, AsItIs))),
            layer is { QueryBias: { } q, KeyBias: { } k, ValueBias: { } v } ? Bias((q, headRow), (k, headRow), (v, AsItIs)) : null,
            HeadNorms(layer),
            Own(uploader.Matrix(model.Heads * dims, (layer.AttentionOutput, AsItIs))),
            Norm(layer.PostAttentionNorm),
            Norm(layer.FeedForwardNorm)!,
            Own(uploader.Matrix(model.HiddenSize, (layer.Gate, AsItIs), (layer.Up, AsItIs))),
            Own(uploader.Matrix(model.IntermediateSize, (layer.Down, AsItIs))),
            Norm(layer.PostFeedForwardNorm));
    }

    private static int AsItIs(int row) => row;

    /// <summary>The row of [head][pair][2] that belongs at a place of [head][2][pair].</summary>
    private static int Together(int place, int dims) => place / dims * dims + place % dims % (dims / 2) * 2 + place % dims / (dims / 2);

    private Tensor? Norm(TensorView? stored) => stored is null ? null : Own(uploader.Vector(model.NormsStoredLessOne ? 1 : 0, (stored, AsItIs)));

    // A bias is added within the multiplication and has to be of its type.
    private Tensor Bias(params ReadOnlySpan<(TensorView Tensor, Func<int, int> Row)> parts)
    {
        using var wide = uploader.Vector(0, parts);
        return Own(wide.to(Embedding.dtype, copy: true));
    }

    private Tensor? HeadNorms(LayerTensors layer)
    {
        if (layer is not { QueryNorm: { } query, KeyNorm: { } key })
            return null;
        var parts = new (TensorView, Func<int, int>)[model.Heads + model.KvHeads];
        parts.AsSpan(0, model.Heads).Fill((query, AsItIs));
        parts.AsSpan(model.Heads).Fill((key, AsItIs));
        using var flat = uploader.Vector(model.NormsStoredLessOne ? 1 : 0, parts);
        return Own(flat.reshape(model.Heads + model.KvHeads, model.HeadDim));
    }

    private Tensor Own(Tensor tensor)
    {
        owned.Add(tensor);
        return tensor;
    }
}
