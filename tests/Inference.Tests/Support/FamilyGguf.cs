using Pharos.Inference.Tokenization.Models;

namespace Pharos.Inference.Tests.Support;

/// <summary>Converts a model to GGUF as the format's own converters do: other names, whole norms, rotary pairs side by side where the family wants it.</summary>
internal static class FamilyGguf
{
    private static readonly Dictionary<string, string> Parts = new()
    {
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.qkv_proj"] = "attn_qkv",
        ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.gate_up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
        ["input_layernorm"] = "attn_norm",
        ["pre_feedforward_layernorm"] = "ffn_norm",
        ["post_feedforward_layernorm"] = "post_ffw_norm",
    };

    /// <param name="store">How a matrix is written; null: F32. Vectors always are.</param>
    public static string WriteGguf(this FamilyModel model, string path, Func<float[], (uint Type, byte[] Data)>? store = null)
    {
        var writer = new GgufWriter();
        void Set(string key, object value) => writer.Set($"{model.Gguf}.{key}", model.Metadata.GetValueOrDefault(key, value));
        writer.Set("general.architecture", model.Gguf).Set("general.name", "tiny");
        Set("context_length", FamilyModel.MaxPositions);
        Set("embedding_length", FamilyModel.Hidden);
        Set("block_count", model.Layers);
        Set("feed_forward_length", model.Intermediate);
        Set("attention.head_count", FamilyModel.Heads);
        Set("attention.head_count_kv", model.KvHeads);
        Set("attention.key_length", model.HeadDim);
        Set("attention.value_length", model.HeadDim);
        Set("attention.layer_norm_rms_epsilon", 1e-5f);
        Set("rope.dimension_count", model.HeadDim);
        foreach (var (key, value) in model.Metadata.Where(entry => !writer.Has($"{model.Gguf}.{entry.Key}")))
            Set(key, value);
        AddVocabulary(writer);
        foreach (var (name, (shape, values)) in model.Tensors)
        {
            float[] converted = Convert(model, name, shape, values);
            if (store is null || shape.Length == 1)
                writer.Add(Rename(model, name), shape, converted);
            else
                writer.Add(Rename(model, name), shape, store(converted).Type, store(converted).Data);
        }
        foreach (var (name, values) in model.Divisors)
            writer.Add(name, [values.Length], values);
        return writer.Write(path);
    }

    private static string Rename(FamilyModel model, string name)
    {
        switch (name)
        {
            case "model.embed_tokens.weight": return "token_embd.weight";
            case "model.norm.weight": return "output_norm.weight";
            case "lm_head.weight": return "output.weight";
        }
        string[] words = name.Split('.'); // model.layers.N.part.weight
        string part = string.Join('.', words[3..^1]);
        string renamed = part == "post_attention_layernorm" ? (model.IsGemma ? "post_attention_norm" : "ffn_norm") : Parts[part];
        return $"blk.{words[2]}.{renamed}.{words[^1]}";
    }

    private static float[] Convert(FamilyModel model, string name, int[] shape, float[] values)
    {
        if (model.IsGemma && name.EndsWith("norm.weight", StringComparison.Ordinal))
            return [.. values.Select(v => v + 1)];
        if (!model.PairsTogether || !(name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("k_proj", StringComparison.Ordinal)))
            return values;
        int columns = shape.Length == 1 ? 1 : shape[1], half = model.HeadDim / 2;
        var result = new float[values.Length];
        for (int row = 0; row < shape[0]; row++)
        {
            int head = row / model.HeadDim, within = row % model.HeadDim;
            int target = head * model.HeadDim + within % half * 2 + within / half;
            Array.Copy(values, row * columns, result, target * columns, columns);
        }
        return result;
    }

    private static void AddVocabulary(GgufWriter writer)
    {
        string[] named = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool"];
        string[] tokens =
        [
            .. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Spell((byte)value).ToString()), .. named,
            .. Enumerable.Range(256 + named.Length, FamilyModel.Vocabulary - 256 - named.Length).Select(id => $"[PAD{id}]"),
        ];
        writer.Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.pre", "gpt-2").Set("tokenizer.ggml.tokens", tokens)
            .Set("tokenizer.ggml.token_type", tokens.Select((_, id) => id switch { < 256 => 1, < 259 => 3, < 262 => 4, _ => 5 }).ToArray())
            .Set("tokenizer.ggml.merges", Array.Empty<string>())
            .Set("tokenizer.ggml.eos_token_id", ByteTokenizer.ImEnd)
            .Set("tokenizer.ggml.add_bos_token", false)
            .Set("tokenizer.chat_template", "{% for message in messages %}<|im_start|>{{ message.role }}{% endfor %}");
    }
}
