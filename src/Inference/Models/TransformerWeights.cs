using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Models;

/// <summary>One layer, packed. Vectors are padded with zeros to whole panels; null where the architecture has none.</summary>
/// <param name="AttentionNorm">[hidden]</param>
/// <param name="QueryKeyValue">All three in one matrix: [heads + 2 * kvHeads][headDim] columns.</param>
/// <param name="QueryKeyValueBias">[heads + 2 * kvHeads][headDim]</param>
/// <param name="QueryNorm">[headDim]</param>
/// <param name="KeyNorm">[headDim]</param>
/// <param name="GateUp">Panels of gate and up in turn, so that the activation reads one stream.</param>
internal sealed record TransformerLayer(
    NativeBuffer AttentionNorm, PackedMatrix QueryKeyValue, NativeBuffer? QueryKeyValueBias, NativeBuffer? QueryNorm, NativeBuffer? KeyNorm,
    PackedMatrix AttentionOutput, NativeBuffer? PostAttentionNorm, NativeBuffer FeedForwardNorm, PackedMatrix GateUp, PackedMatrix Down,
    NativeBuffer? PostFeedForwardNorm) : IDisposable
{
    public void Dispose()
    {
        foreach (var part in (IDisposable?[])[
            AttentionNorm, QueryKeyValue, QueryKeyValueBias, QueryNorm, KeyNorm, AttentionOutput, PostAttentionNorm, FeedForwardNorm, GateUp, Down, PostFeedForwardNorm])
            part?.Dispose();
    }
}

/// <summary>All weights of a model, packed for the kernels; independent of the files they came from.</summary>
internal sealed unsafe class TransformerWeights : IDisposable
{
    private readonly ModelArchitecture model;
    private readonly WeightArena arena;

    public TransformerWeights(ModelArchitecture model, ModelTensors stored, WeightType type)
    {
        this.model = model;
        Type = type;
        arena = new WeightArena(model.Parameters * (type == WeightType.F32 ? 4 : 2) * 17 / 16);
        Embedding = new NativeBuffer((long)model.VocabularySize * model.HiddenSize * (type == WeightType.F32 ? 4 : 2), zeroed: false);
        CopyEmbedding(stored.Embedding, model.VocabularySize, model.HiddenSize);
        FinalNorm = Norm(stored.FinalNorm, model.HiddenSize);
        Head = Pack(model.HiddenSize, model.VocabularySize, (stored.Head, row => row));
        Layers = [.. stored.Layers.Select(PackLayer)];
    }

    public WeightType Type { get; }

    /// <summary>[vocabulary][hidden], fp32 where the weights are, else bf16.</summary>
    public NativeBuffer Embedding { get; }

    public TransformerLayer[] Layers { get; }

    /// <summary>Bytes of all matrices and the embedding; vectors do not count for much.</summary>
    public long Bytes => Embedding.Length + MatrixBytes;

    public NativeBuffer FinalNorm { get; }

    public PackedMatrix Head { get; }

    /// <summary>Bytes of all matrices that a token is multiplied with.</summary>
    public long MatrixBytes => Head.Bytes + Layers.Sum(layer => layer.QueryKeyValue.Bytes + layer.AttentionOutput.Bytes + layer.GateUp.Bytes + layer.Down.Bytes);

    /// <summary>Widens the embedding of a token into <paramref name="target"/>, scaled as the model has it.</summary>
    public void Embed(int token, float* target)
    {
        int hidden = model.HiddenSize;
        Widen(token, target, hidden);
        for (int i = 0; model.EmbeddingScale != 1 && i < hidden; i++)
            target[i] *= model.EmbeddingScale;
    }

    private void Widen(int token, float* target, int hidden)
    {
        if (Type == WeightType.F32)
        {
            new ReadOnlySpan<float>(Embedding.Floats + (long)token * hidden, hidden).CopyTo(new Span<float>(target, hidden));
            return;
        }
        Bf16.Widen((ushort*)Embedding.Pointer + (long)token * hidden, new Span<float>(target, hidden));
    }

    private TransformerLayer PackLayer(LayerTensors layer)
    {
        int dims = model.HeadDim, queries = model.Heads * dims, keys = model.KvHeads * dims;
        Func<int, int> headRow = layer.PairsAreNeighbours ? row => Apart(row, dims) : row => row;
        return new TransformerLayer(
            Norm(layer.AttentionNorm, model.HiddenSize),
            Pack(model.HiddenSize, queries + 2 * keys,
                (layer.Query, headRow), (layer.Key, row => queries + headRow(row)), (layer.Value, row => queries + keys + row)),
            layer is { QueryBias: { } q, KeyBias: { } k, ValueBias: { } v }
                ? Vector(queries + 2 * keys, (q, headRow), (k, row => queries + headRow(row)), (v, row => queries + keys + row)) : null,
            Norm(layer.QueryNorm, dims),
            Norm(layer.KeyNorm, dims),
            Pack(queries, model.HiddenSize, (layer.AttentionOutput, row => row)),
            Norm(layer.PostAttentionNorm, model.HiddenSize),
            Norm(layer.FeedForwardNorm, model.HiddenSize),
            Pack(model.HiddenSize, 2 * PackedMatrix.Pad(model.IntermediateSize),
                (layer.Gate, Interleaved), (layer.Up, row => Interleaved(row) + PackedMatrix.PanelWidth)),
            Pack(model.IntermediateSize, model.HiddenSize, (layer.Down, row => row)),
            Norm(layer.PostFeedForwardNorm, model.HiddenSize));
    }

    private static int Interleaved(int column) => column / PackedMatrix.PanelWidth * 2 * PackedMatrix.PanelWidth + column % PackedMatrix.PanelWidth;

    /// <summary>Where a row stored as [head][pair][2] belongs in [head][2][pair].</summary>
    private static int Apart(int row, int dims) => row / dims * dims + row % 2 * (dims / 2) + row % dims / 2;

    private PackedMatrix Pack(int depth, int columns, params ReadOnlySpan<(TensorView Tensor, Func<int, int> Column)> parts) =>
        WeightPacker.Pack(arena, depth, columns, Type, parts);

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(tensor))]
    private NativeBuffer? Norm(TensorView? tensor, int length)
    {
        if (tensor is null)
            return null;
        var buffer = Vector(length, (tensor, row => row));
        for (int i = 0; model.NormsStoredLessOne && i < length; i++)
            buffer.Floats[i] += 1;
        return buffer;
    }

    private static NativeBuffer Vector(int length, params ReadOnlySpan<(TensorView Tensor, Func<int, int> Place)> parts)
    {
        var buffer = NativeBuffer.OfFloats(PackedMatrix.Pad(length));
        foreach (var (tensor, place) in parts)
        {
            var values = new float[tensor.Shape[0]];
            tensor.CopyRow(0, values);
            for (int i = 0; i < values.Length; i++)
                buffer.Floats[place(i)] = values[i];
        }
        return buffer;
    }

    private void CopyEmbedding(TensorView tensor, int vocabulary, int hidden)
    {
        Parallel.For(0, vocabulary, () => new float[hidden], (token, _, row) =>
        {
            tensor.CopyRow(token, row);
            if (Type == WeightType.F32)
                row.CopyTo(new Span<float>(Embedding.Floats + (long)token * hidden, hidden));
            else
                Bf16.Round(row, (ushort*)Embedding.Pointer + (long)token * hidden);
            return row;
        }, static _ => { });
    }

    public void Dispose()
    {
        Embedding.Dispose();
        FinalNorm.Dispose();
        Head.Dispose();
        foreach (var layer in Layers)
            layer.Dispose();
        arena.Dispose();
    }
}
