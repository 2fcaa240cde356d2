using System.Text.Json.Nodes;

namespace Pharos.Inference.Tests.Support;

/// <summary>A tiny model of every family, with the settings that make it that family.</summary>
internal static class Families
{
    public const int Window = 16;

    public static IReadOnlyDictionary<string, Func<FamilyModel>> All { get; } = new Func<FamilyModel>[]
    {
        () => Llama("llama2", kvHeads: 4, [], []),
        () => Llama("llama3", kvHeads: 2, new()
        {
            ["rope_theta"] = 500_000,
            ["rope_scaling"] = new JsonObject
            {
                ["rope_type"] = "llama3", ["factor"] = 8, ["low_freq_factor"] = 1, ["high_freq_factor"] = 4, ["original_max_position_embeddings"] = 64,
            },
        }, new() { ["rope.freq_base"] = 500_000f }, divisors: new() { ["rope_freqs.weight"] = Llama3Divisors(24, 500_000, 8, 1, 4, 64) }),
        () => Llama("linear", kvHeads: 2, new() { ["rope_scaling"] = new JsonObject { ["type"] = "linear", ["factor"] = 2.5 } },
            new() { ["rope.scaling.type"] = "linear", ["rope.scaling.factor"] = 2.5f }),
        () => Llama("smollm", kvHeads: 1, new() { ["rope_theta"] = 100_000 }, new() { ["rope.freq_base"] = 100_000f }, tied: true),
        () => new FamilyModel
        {
            Name = "mistral", ModelType = "mistral", Class = "MistralForCausalLM", Gguf = "llama", HeadDim = 32, PairsTogether = true,
            Config = new() { ["sliding_window"] = 4096, ["rope_theta"] = 1e6, ["hidden_act"] = "silu" },
            Metadata = new() { ["rope.freq_base"] = 1e6f },
        },
        () => Qwen2("qwen2", [], []),
        () => Qwen2("qwen2-yarn", new()
        {
            ["rope_scaling"] = new JsonObject { ["type"] = "yarn", ["factor"] = 4.0, ["original_max_position_embeddings"] = 64 },
        }, new() { ["rope.scaling.type"] = "yarn", ["rope.scaling.factor"] = 4f, ["rope.scaling.original_context_length"] = 64 }),
        () => new FamilyModel
        {
            Name = "qwen3", ModelType = "qwen3", Class = "Qwen3ForCausalLM", Gguf = "qwen3", HeadDim = 32, HeadNorms = true, Tied = true,
            Config = new() { ["rope_theta"] = 1e6, ["sliding_window"] = null, ["use_sliding_window"] = false, ["attention_bias"] = false },
            Metadata = new() { ["rope.freq_base"] = 1e6f },
        },
        () => new FamilyModel
        {
            Name = "smollm3", ModelType = "smollm3", Class = "SmolLM3ForCausalLM", Gguf = "smollm3", Layers = 5, HeadDim = 16, Tied = true, PairsTogether = true,
            Config = new() { ["rope_theta"] = 5e6, ["no_rope_layers"] = new JsonArray(1, 1, 1, 0, 1) },
            Metadata = new() { ["rope.freq_base"] = 5e6f },
        },
        () => Phi3("phi3", new()
        {
            ["original_max_position_embeddings"] = FamilyModel.MaxPositions,
        }, new() { ["rope.scaling.original_context_length"] = FamilyModel.MaxPositions, ["rope.scaling.attn_factor"] = 1f }, dims: 16),
        () => Phi3("phi3-long", new()
        {
            ["original_max_position_embeddings"] = 64, ["partial_rotary_factor"] = 0.75, ["tie_word_embeddings"] = false,
        }, new() { ["rope.scaling.original_context_length"] = 64, ["rope.scaling.attn_factor"] = (float)Math.Sqrt(1 + Math.Log(4) / Math.Log(64)) }, dims: 12),
        () => new FamilyModel
        {
            Name = "gemma2", ModelType = "gemma2", Class = "Gemma2ForCausalLM", Gguf = "gemma2", HeadDim = 32, IsGemma = true, Tied = true,
            Config = new()
            {
                ["hidden_act"] = "gelu", ["hidden_activation"] = "gelu_pytorch_tanh", ["sliding_window"] = Window, ["query_pre_attn_scalar"] = 32,
                ["attn_logit_softcapping"] = 5.0, ["final_logit_softcapping"] = 3.0,
            },
            Metadata = new()
            {
                ["attention.sliding_window"] = Window, ["attn_logit_softcapping"] = 5f, ["final_logit_softcapping"] = 3f,
            },
        },
        () => new FamilyModel
        {
            Name = "gemma3", ModelType = "gemma3_text", Class = "Gemma3ForCausalLM", Gguf = "gemma3", Layers = 7, HeadDim = 32, IsGemma = true, HeadNorms = true, Tied = true,
            Config = new()
            {
                ["hidden_activation"] = "gelu_pytorch_tanh", ["sliding_window"] = Window, ["sliding_window_pattern"] = 6, ["query_pre_attn_scalar"] = 32,
                ["rope_theta"] = 1e6, ["rope_local_base_freq"] = 10_000, ["attn_logit_softcapping"] = null, ["final_logit_softcapping"] = null,
                ["rope_scaling"] = new JsonObject { ["rope_type"] = "linear", ["factor"] = 8.0 },
            },
            Metadata = new()
            {
                ["attention.sliding_window"] = Window, ["rope.freq_base"] = 1e6f, ["rope.scaling.type"] = "linear", ["rope.scaling.factor"] = 8f,
            },
        },
    }.ToDictionary(make => make().Name);

    private static FamilyModel Llama(
        string name, int kvHeads, JsonObject config, Dictionary<string, object> metadata, bool tied = false, Dictionary<string, float[]>? divisors = null) => new()
    {
        Name = name, ModelType = "llama", Class = "LlamaForCausalLM", Gguf = "llama", KvHeads = kvHeads, PairsTogether = true, Tied = tied, Config = config,
        Metadata = metadata, Divisors = divisors ?? [],
    };

    private static FamilyModel Qwen2(string name, JsonObject config, Dictionary<string, object> metadata)
    {
        (config["rope_theta"], config["use_sliding_window"], config["sliding_window"], config["max_window_layers"]) = (1e6, false, Window, 2);
        metadata["rope.freq_base"] = 1e6f;
        return new FamilyModel
        {
            Name = name, ModelType = "qwen2", Class = "Qwen2ForCausalLM", Gguf = "qwen2", HeadDim = 16, Biases = true, Tied = true, Config = config, Metadata = metadata,
        };
    }

    private static FamilyModel Phi3(string name, JsonObject config, Dictionary<string, object> metadata, int dims)
    {
        double[] Factors(double least) => [.. Enumerable.Range(0, dims / 2).Select(i => least + 0.25 * i)];
        var scaling = new JsonObject { ["type"] = "longrope" };
        foreach (var (field, least) in (ReadOnlySpan<(string, double)>)[("short_factor", 1), ("long_factor", 1.5)])
            scaling[field] = new JsonArray([.. Factors(least).Select(f => (JsonNode)f)]);
        config["rope_scaling"] = scaling;
        (config["hidden_act"], config["sliding_window"]) = ("silu", 4096);
        metadata["rope.dimension_count"] = dims;
        return new FamilyModel
        {
            Name = name, ModelType = "phi3", Class = "Phi3ForCausalLM", Gguf = "phi3", KvHeads = 4, HeadDim = 16, Fused = true, Config = config, Metadata = metadata,
            Divisors = new()
            {
                ["rope_factors_long.weight"] = [.. Factors(1.5).Select(f => (float)f)], ["rope_factors_short.weight"] = [.. Factors(1).Select(f => (float)f)],
            },
        };
    }

    /// <summary>What the converter writes for the scaling of Llama 3: by how much each pair is slowed.</summary>
    private static float[] Llama3Divisors(int dims, double theta, double factor, double low, double high, int trained)
    {
        return [.. Enumerable.Range(0, dims / 2).Select(pair =>
        {
            double wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * pair / dims);
            if (wavelength < trained / high)
                return 1f;
            if (wavelength > trained / low)
                return (float)factor;
            double smooth = (trained / wavelength - low) / (high - low);
            return (float)(1 / ((1 - smooth) / factor + smooth));
        })];
    }
}
