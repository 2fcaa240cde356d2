using Pharos.Inference.Models;

namespace Pharos.Inference.Loading.Gguf;

/// <summary>The tensors of a GGUF file by the names that its converters write.</summary>
internal static class GgufTensorNames
{
    public const string Embedding = "token_embd.weight";

    public static ModelTensors Resolve(ModelArchitecture model, GgufFamily family, GgufFile file)
    {
        var finder = new TensorFinder(file.Name, file.Tensors);
        int hidden = model.HiddenSize;
        var embedding = finder.Matrix(Embedding, model.VocabularySize, hidden);
        var head = model.TiedEmbeddings ? embedding : finder.Matrix("output.weight", model.VocabularySize, hidden);
        var resolved = new ModelTensors(
            embedding, finder.Vector("output_norm.weight", hidden), head,
            [.. Enumerable.Range(0, model.Layers).Select(i => Layer(model, family, finder, $"blk.{i}."))]);
        finder.RequireAllFound(model, GgufRope.IsDivisors);
        return resolved;
    }

    private static LayerTensors Layer(ModelArchitecture model, GgufFamily family, TensorFinder finder, string layer)
    {
        int hidden = model.HiddenSize, queries = model.Heads * model.HeadDim, keys = model.KvHeads * model.HeadDim, inner = model.IntermediateSize;
        TensorView query, key, value, gate, up;
        if (finder.Contains(layer + "attn_qkv.weight"))
        {
            var all = finder.Matrix(layer + "attn_qkv.weight", queries + 2 * keys, hidden);
            (query, key, value) = (all.Rows(0, queries), all.Rows(queries, keys), all.Rows(queries + keys, keys));
        }
        else
        {
            query = finder.Matrix(layer + "attn_q.weight", queries, hidden);
            key = finder.Matrix(layer + "attn_k.weight", keys, hidden);
            value = finder.Matrix(layer + "attn_v.weight", keys, hidden);
        }
        if (finder.Contains(layer + "ffn_gate.weight"))
        {
            gate = finder.Matrix(layer + "ffn_gate.weight", inner, hidden);
            up = finder.Matrix(layer + "ffn_up.weight", inner, hidden);
        }
        else
        {
            var both = finder.Matrix(layer + "ffn_up.weight", 2 * inner, hidden); // Phi-3: gate, then up
            (gate, up) = (both.Rows(0, inner), both.Rows(inner, inner));
        }
        bool bias = model.QueryKeyValueBias, norm = model.QueryKeyNorm, post = model.PostNorms;
        return new LayerTensors
        {
            AttentionNorm = finder.Vector(layer + "attn_norm.weight", hidden),
            Query = query,
            Key = key,
            Value = value,
            QueryBias = finder.Vector(bias, layer + "attn_q.bias", queries),
            KeyBias = finder.Vector(bias, layer + "attn_k.bias", keys),
            ValueBias = finder.Vector(bias, layer + "attn_v.bias", keys),
            QueryNorm = finder.Vector(norm, layer + "attn_q_norm.weight", model.HeadDim),
            KeyNorm = finder.Vector(norm, layer + "attn_k_norm.weight", model.HeadDim),
            AttentionOutput = finder.Matrix(layer + "attn_output.weight", hidden, queries),
            PostAttentionNorm = finder.Vector(post, layer + "post_attention_norm.weight", hidden),
            FeedForwardNorm = finder.Vector(layer + "ffn_norm.weight", hidden),
            Gate = gate,
            Up = up,
            Down = finder.Matrix(layer + "ffn_down.weight", hidden, inner),
            PostFeedForwardNorm = finder.Vector(post, layer + "post_ffw_norm.weight", hidden),
            PairsAreNeighbours = family.PairsAreNeighbours,
        };
    }
}
