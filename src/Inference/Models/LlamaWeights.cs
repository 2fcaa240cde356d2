using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Models;

/// <summary>One layer, packed.</summary>
/// <param name="AttentionNorm">[hidden, padded]</param>
/// <param name="QueryKeyValue">All three in one matrix: [heads + 2 * kvHeads][headDim] columns.</param>
/// <param name="GateUp">Panels of gate and up in turn, so that SwiGLU reads one stream.</param>
internal sealed record LlamaLayer(
    NativeBuffer AttentionNorm, PackedMatrix QueryKeyValue, PackedMatrix AttentionOutput,
    NativeBuffer FeedForwardNorm, PackedMatrix GateUp, PackedMatrix Down) : IDisposable
{
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[AttentionNorm, QueryKeyValue, AttentionOutput, FeedForwardNorm, GateUp, Down])
            part.Dispose();
    }
}

/// <summary>All weights of a model, packed for the kernels; independent of the files they came from.</summary>
internal sealed unsafe class LlamaWeights : IDisposable
{
    public LlamaWeights(LoadedModel model, WeightType type)
    {
        var config = model.Config;
        var files = model.Weights;
        int hidden = config.HiddenSize, queries = config.Heads * config.HeadDim, keys = config.KvHeads * config.HeadDim, inner = config.IntermediateSize;
        var embedding = files.Find("model.embed_tokens.weight").Expect(config.VocabularySize, hidden);
        Type = type;
        Embedding = new NativeBuffer((long)config.VocabularySize * hidden * (type == WeightType.F32 ? 4 : 2));
        CopyEmbedding(embedding, config.VocabularySize, hidden);
        FinalNorm = Vector(files.Find("model.norm.weight"), hidden);
        Head = Pack(hidden, config.VocabularySize, type,
            new WeightPacker.Part(config.TiedEmbeddings ? embedding : files.Find("lm_head.weight").Expect(config.VocabularySize, hidden), column => column));
        Layers = new LlamaLayer[config.Layers];
        for (int i = 0; i < Layers.Length; i++)
        {
            string layer = $"model.layers.{i}.";
            TensorView Find(string name, int rows, int columns) => files.Find(layer + name + ".weight").Expect(rows, columns);
            Layers[i] = new LlamaLayer(
                Vector(files.Find(layer + "input_layernorm.weight"), hidden),
                Pack(hidden, queries + 2 * keys, type,
                    new WeightPacker.Part(Find("self_attn.q_proj", queries, hidden), column => column),
                    new WeightPacker.Part(Find("self_attn.k_proj", keys, hidden), column => queries + column),
                    new WeightPacker.Part(Find("self_attn.v_proj", keys, hidden), column => queries + keys + column)),
                Pack(queries, hidden, type, new WeightPacker.Part(Find("self_attn.o_proj", hidden, queries), column => column)),
                Vector(files.Find(layer + "post_attention_layernorm.weight"), hidden),
                Pack(hidden, 2 * PackedMatrix.Pad(inner), type,
                    new WeightPacker.Part(Find("mlp.gate_proj", inner, hidden), Interleaved),
                    new WeightPacker.Part(Find("mlp.up_proj", inner, hidden), column => Interleaved(column) + PackedMatrix.PanelWidth)),
                Pack(inner, hidden, type, new WeightPacker.Part(Find("mlp.down_proj", hidden, inner), column => column)));
        }
    }

    public WeightType Type { get; }

    /// <summary>[vocabulary][hidden], fp32 where the weights are, else bf16.</summary>
    public NativeBuffer Embedding { get; }

    public LlamaLayer[] Layers { get; }

    public NativeBuffer FinalNorm { get; }

    public PackedMatrix Head { get; }

    /// <summary>Bytes of all matrices that a token is multiplied with.</summary>
    public long Bytes => Head.Bytes + Layers.Sum(layer => layer.QueryKeyValue.Bytes + layer.AttentionOutput.Bytes + layer.GateUp.Bytes + layer.Down.Bytes);

    /// <summary>Widens the embedding of a token into <paramref name="target"/>.</summary>
    public void Embed(int token, float* target, int hidden)
    {
        if (Type == WeightType.F32)
        {
            new ReadOnlySpan<float>(Embedding.Floats + (long)token * hidden, hidden).CopyTo(new Span<float>(target, hidden));
            return;
        }
        ushort* source = (ushort*)Embedding.Pointer + (long)token * hidden;
        for (int i = 0; i < hidden; i++)
            target[i] = Bf16.Widen(source[i]);
    }

    private static int Interleaved(int column) => column / PackedMatrix.PanelWidth * 2 * PackedMatrix.PanelWidth + column % PackedMatrix.PanelWidth;

    private static PackedMatrix Pack(int depth, int columns, WeightType type, params ReadOnlySpan<WeightPacker.Part> parts) =>
        WeightPacker.Pack(depth, columns, type, parts);

    private static NativeBuffer Vector(TensorView tensor, int length)
    {
        var buffer = NativeBuffer.OfFloats(PackedMatrix.Pad(length));
        tensor.Expect(0, length).CopyRow(0, new Span<float>(buffer.Floats, length));
        return buffer;
    }

    private void CopyEmbedding(TensorView tensor, int vocabulary, int hidden)
    {
        var row = new float[hidden];
        for (int token = 0; token < vocabulary; token++)
        {
            tensor.CopyRow(token, row);
            for (int i = 0; i < hidden; i++)
            {
                if (Type == WeightType.F32)
                    Embedding.Floats[(long)token * hidden + i] = row[i];
                else
                    ((ushort*)Embedding.Pointer)[(long)token * hidden + i] = Bf16.Round(row[i]);
            }
        }
    }

    public void Dispose()
    {
        Embedding.Dispose();
        FinalNorm.Dispose();
        Head.Dispose();
        foreach (var layer in Layers)
            layer.Dispose();
    }
}
