using Pharos.Inference.Models;

namespace Pharos.Inference.Loading.HuggingFace;

/// <summary>The tensors of a model directory by the names that the transformers library writes.</summary>
internal static class TensorNames
{
    public static ModelTensors Resolve(ModelArchitecture model, string file, IReadOnlyDictionary<string, TensorView> tensors)
    {
        var finder = new TensorFinder(file, tensors);
        int hidden = model.HiddenSize;
        var embedding = finder.Matrix("model.embed_tokens.weight", model.VocabularySize, hidden);
        var head = model.TiedEmbeddings ? embedding : finder.Matrix("lm_head.weight", model.VocabularySize, hidden);
        var resolved = new ModelTensors(
            embedding, finder.Vector("model.norm.weight", hidden), head,
            [.. Enumerable.Range(0, model.Layers).Select(i => Layer(model, finder, $"model.layers.{i}."))]);
        // A tied head that was written all the same, and a buffer of old exports that follows from the configuration.
        finder.RequireAllFound(model, name => name == "lm_head.weight" && model.TiedEmbeddings || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal));
        return resolved;
    }

    private static LayerTensors Layer(ModelArchitecture model, TensorFinder finder, string layer)
    {
        int hidden = model.HiddenSize, queries = model.Heads * model.HeadDim, keys = model.KvHeads * model.HeadDim, inner = model.IntermediateSize;
        string attention = layer + "self_attn.", feedForward = layer + "mlp.";
        TensorView query, key, value, gate, up;
        if (finder.Contains(attention + "qkv_proj.weight"))
        {
            var all = finder.Matrix(attention + "qkv_proj.weight", queries + 2 * keys, hidden);
            (query, key, value) = (all.Rows(0, queries), all.Rows(queries, keys), all.Rows(queries + keys, keys));
        }
        else
        {
            query = finder.Matrix(attention + "q_proj.weight", queries, hidden);
            key = finder.Matrix(attention + "k_proj.weight", keys, hidden);
            value = finder.Matrix(attention + "v_proj.weight", keys, hidden);
        }
        if (finder.Contains(feedForward + "gate_up_proj.weight"))
        {
            var both = finder.Matrix(feedForward + "gate_up_proj.weight", 2 * inner, hidden);
            (gate, up) = (both.Rows(0, inner), both.Rows(inner, inner));
        }
        else
        {
            gate = finder.Matrix(feedForward + "gate_proj.weight", inner, hidden);
            up = finder.Matrix(feedForward + "up_proj.weight", inner, hidden);
        }
        bool bias = model.QueryKeyValueBias, norm = model.QueryKeyNorm, post = model.PostNorms;
        return new LayerTensors
        {
            AttentionNorm = finder.Vector(layer + "input_layernorm.weight", hidden),
            Query = query,
            Key = key,
            Value = value,
            QueryBias = finder.Vector(bias, attention + "q_proj.bias", queries),
            KeyBias = finder.Vector(bias, attention + "k_proj.bias", keys),
            ValueBias = finder.Vector(bias, attention + "v_proj.bias", keys),
            QueryNorm = finder.Vector(norm, attention + "q_norm.weight", model.HeadDim),
            KeyNorm = finder.Vector(norm, attention + "k_norm.weight", model.HeadDim),
            AttentionOutput = finder.Matrix(attention + "o_proj.weight", hidden, queries),
            PostAttentionNorm = finder.Vector(post, layer + "post_attention_layernorm.weight", hidden),
            FeedForwardNorm = finder.Vector(layer + (post ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight"), hidden),
            Gate = gate,
            Up = up,
            Down = finder.Matrix(feedForward + "down_proj.weight", hidden, inner),
            PostFeedForwardNorm = finder.Vector(post, layer + "post_feedforward_layernorm.weight", hidden),
        };
    }
}
