using System.Text.Json.Nodes;
using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;
using Pharos.Inference.Loading.Gguf;
using Pharos.Inference.Loading.HuggingFace;
using Pharos.Inference.Models;
using Pharos.Inference.Models.Rotary;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Loading;

/// <summary>What configurations of published models mean.</summary>
public sealed class ArchitectureTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Llama31_HasGroupedHeadsAndItsOwnScaling()
    {
        var model = Read("""
            {"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":128000,"eos_token_id":[128001,128008,128009],"hidden_act":"silu",
             "hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama","num_attention_heads":32,
             "num_hidden_layers":32,"num_key_value_heads":8,"pretraining_tp":1,"rms_norm_eps":1e-05,
             "rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},
             "rope_theta":500000.0,"tie_word_embeddings":false,"torch_dtype":"bfloat16","vocab_size":128256}
            """);
        Assert.Equal((128, 8, 131_072, false), (model.HeadDim, model.KvHeads, model.MaxPositions, model.TiedEmbeddings));
        Assert.Equal([128001, 128008, 128009], model.EosTokens.ToArray());
        Assert.All(model.LayerSpecs, layer => Assert.Equal(new LayerSpec(0, new RotarySpec(500_000, 128, new Llama3Rope(8, 1, 4, 8192))), layer));
        Assert.InRange(model.Parameters, 7.4e9, 7.6e9); // what a token is multiplied with: the embedding table is not
    }

    [Fact]
    public void MistralsFirstRelease_SeesAWindowInEveryLayer_LaterOnesEverything()
    {
        const string config = """
            {"architectures":["MistralForCausalLM"],"hidden_act":"silu","hidden_size":4096,"intermediate_size":14336,"max_position_embeddings":32768,
             "model_type":"mistral","num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"rms_norm_eps":1e-05,"rope_theta":10000.0,
             "sliding_window":4096,"tie_word_embeddings":false,"vocab_size":32000}
            """;
        Assert.All(Read(config).LayerSpecs, layer => Assert.Equal(4096, layer.Window));
        Assert.All(Read(config.Replace("4096,\"tie", "null,\"tie")).LayerSpecs, layer => Assert.Equal(0, layer.Window));
    }

    [Theory]
    [InlineData("\"use_sliding_window\":false,\"max_window_layers\":2", new[] { 0, 0, 0, 0 })]
    [InlineData("\"use_sliding_window\":true,\"max_window_layers\":2", new[] { 0, 0, 1024, 1024 })]
    [InlineData("\"use_sliding_window\":true,\"layer_types\":[\"sliding_attention\",\"full_attention\",\"full_attention\",\"sliding_attention\"]", new[] { 1024, 0, 0, 1024 })]
    public void Qwen2_HasWindowsWhereSwitchedOn(string fields, int[] windows)
    {
        var model = Read($$"""
            {"architectures":["Qwen2ForCausalLM"],"hidden_act":"silu","hidden_size":896,"intermediate_size":4864,"max_position_embeddings":32768,
             "model_type":"qwen2","num_attention_heads":14,"num_hidden_layers":4,"num_key_value_heads":2,"rms_norm_eps":1e-06,"rope_theta":1000000.0,
             "sliding_window":1024,"tie_word_embeddings":true,{{fields}},"vocab_size":151936}
            """);
        Assert.True(model is { QueryKeyValueBias: true, QueryKeyNorm: false, HeadDim: 64 });
        Assert.Equal(windows, model.LayerSpecs.Select(layer => layer.Window));
    }

    [Fact]
    public void Qwen25WithYarn_ReachesFourTimesAsFar()
    {
        var model = Read("""
            {"architectures":["Qwen2ForCausalLM"],"hidden_act":"silu","hidden_size":896,"intermediate_size":4864,"max_position_embeddings":32768,"model_type":"qwen2",
             "num_attention_heads":14,"num_hidden_layers":2,"num_key_value_heads":2,"rope_theta":1000000.0,"vocab_size":151936,
             "rope_scaling":{"factor":4.0,"original_max_position_embeddings":32768,"type":"yarn"}}
            """);
        Assert.Equal(131_072, model.MaxPositions);
        Assert.Equal(new YarnRope(4, 32_768), model.LayerSpecs[0].Rotary.Scaling);
    }

    [Fact]
    public void Gemma2_AlternatesWindowsAndCapsScores()
    {
        var model = Read("""
            {"architectures":["Gemma2ForCausalLM"],"attention_bias":false,"attn_logit_softcapping":50.0,"bos_token_id":2,"eos_token_id":1,"final_logit_softcapping":30.0,
             "head_dim":128,"hidden_act":"gelu_pytorch_tanh","hidden_activation":"gelu_pytorch_tanh","hidden_size":4608,"intermediate_size":36864,
             "max_position_embeddings":8192,"model_type":"gemma2","num_attention_heads":32,"num_hidden_layers":4,"num_key_value_heads":16,
             "query_pre_attn_scalar":144,"rms_norm_eps":1e-06,"rope_theta":10000.0,"sliding_window":4096,"vocab_size":256000}
            """);
        Assert.Equal([4096, 0, 4096, 0], model.LayerSpecs.Select(layer => layer.Window));
        Assert.Equal((50f, 30f, 1f / 12, Activation.GeGlu), (model.AttentionSoftcap, model.LogitSoftcap, model.QueryScale, model.Activation));
        Assert.True(model is { TiedEmbeddings: true, PostNorms: true, NormsStoredLessOne: true, QueryKeyNorm: false });
        Assert.Equal(Math.Sqrt(4608), model.EmbeddingScale, 1e-3);
    }

    /// <summary>The two ways of writing the same: the fields of the first export, and those of newer libraries.</summary>
    [Theory]
    [InlineData("""
        "sliding_window_pattern":3,"rope_theta":1000000,"rope_local_base_freq":10000,"rope_scaling":{"factor":8.0,"rope_type":"linear"}
        """)]
    [InlineData("""
        "layer_types":["sliding_attention","sliding_attention","full_attention","sliding_attention"],"rope_parameters":{
        "full_attention":{"rope_type":"linear","factor":8.0,"rope_theta":1000000},"sliding_attention":{"rope_type":"default","rope_theta":10000}}
        """)]
    public void Gemma3_HasTwoBases(string fields)
    {
        var model = Read($$"""
            {"architectures":["Gemma3ForCausalLM"],"head_dim":256,"hidden_activation":"gelu_pytorch_tanh","hidden_size":1152,"intermediate_size":6912,
             "max_position_embeddings":32768,"model_type":"gemma3_text","num_attention_heads":4,"num_hidden_layers":4,"num_key_value_heads":1,
             "query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"sliding_window":512,"attn_logit_softcapping":null,"vocab_size":262144,{{fields}}}
            """);
        var near = new LayerSpec(512, new RotarySpec(10_000, 256, RopeScaling.None));
        var far = new LayerSpec(0, new RotarySpec(1_000_000, 256, new LinearRope(8)));
        Assert.Equal([near, near, far, near], model.LayerSpecs.ToArray());
        Assert.True(model is { QueryKeyNorm: true, AttentionSoftcap: 0, QueryScale: 1f / 16 });
    }

    [Fact]
    public void Phi35_TakesTheLongFactorsAsItServesLongContexts()
    {
        var model = Read("""
            {"architectures":["Phi3ForCausalLM"],"hidden_act":"silu","hidden_size":32,"intermediate_size":64,"max_position_embeddings":131072,"model_type":"phi3",
             "num_attention_heads":4,"num_hidden_layers":1,"original_max_position_embeddings":4096,"rms_norm_eps":1e-05,"rope_theta":10000.0,"sliding_window":262144,
             "rope_scaling":{"long_factor":[2,3,4,5],"short_factor":[1,1,1,1],"type":"longrope"},"vocab_size":32064}
            """);
        var scaling = Assert.IsType<LongRope>(model.LayerSpecs[0].Rotary.Scaling);
        Assert.Equal([2.0, 3, 4, 5], scaling.Divisors);
        Assert.Equal((32, 4096), (scaling.Factor, scaling.TrainedPositions));
    }

    /// <summary>Each unsupported field of a family and the words its complaint must hold.</summary>
    [Theory]
    [InlineData("gemma2", "hidden_activation", "\"gelu\"", "config.json: hidden_activation is \"gelu\"; supported is \"gelu_pytorch_tanh\".")]
    [InlineData("gemma3", "use_bidirectional_attention", "true", "use_bidirectional_attention is true; supported is false.")]
    [InlineData("gemma3", "layer_types", "[\"chunked_attention\"]", "layer_types is [\"chunked_attention\"]; supported is a list of 7 times \"sliding_attention\" or \"full_attention\".")]
    [InlineData("gemma3", "architectures", "[\"Gemma3ForConditionalGeneration\"]", "supported is [\"Gemma3ForCausalLM\"].")]
    [InlineData("phi3", "partial_rotary_factor", "0.3125", "partial_rotary_factor is 0.3125; supported is a share of head_dim 16 that is an even number.")]
    [InlineData("smollm3", "no_rope_layers", "[1, 2]", "supported is a list of 5 times 0 or 1.")]
    [InlineData("qwen3", "head_dim", "262146", "head_dim is 262146 for 4 heads; supported are at most 1048576 dimensions of all heads together.")]
    [InlineData("qwen3", "attention_bias", "true", "attention_bias is true; supported is false.")]
    [InlineData("qwen2", "use_sliding_window", "\"yes\"", "use_sliding_window is \"yes\"; supported is true or false.")]
    [InlineData("llama3", "rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4}", "rope_scaling.original_max_position_embeddings is missing")]
    public void UnsupportedField_IsNamed(string family, string field, string value, string complaint)
    {
        Families.All[family]().WithRandomWeights(1).WriteDirectory(folder.Path);
        string path = Path.Combine(folder.Path, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[field] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(complaint, Assert.Throws<ModelLoadException>(() => ModelDirectory.Load(folder.Path)).Message.Replace(",", ", ").Replace(",  ", ", "));
    }

    [Theory]
    [InlineData("llama2", "lm_head.bias")]
    [InlineData("llama2", "model.layers.3.input_layernorm.weight")]
    [InlineData("mistral", "model.layers.0.self_attn.q_proj.bias")]
    public void WeightWithoutAPart_IsRefused(string family, string tensor)
    {
        var model = Families.All[family]().WithRandomWeights(1);
        model.Tensors[tensor] = ([4], [1, 2, 3, 4]);
        string complaint = $"the tensor {tensor} has no part in a {model.ModelType} model of 3 layers";
        Assert.Contains(complaint, Assert.Throws<ModelLoadException>(() => ModelDirectory.Load(model.WriteDirectory(folder.Path))).Message);
    }

    /// <summary>Each unsupported key of a GGUF file and the words its complaint must hold.</summary>
    [Theory]
    [InlineData("llama2", "attention.head_count_kv", 3, "tiny.gguf: llama.attention.head_count_kv is 3; supported is a divisor of llama.attention.head_count, which is 4.")]
    [InlineData("llama2", "attention.key_length", 262146, "llama.attention.key_length is 262146 for 4 heads; supported are at most 1048576 dimensions of all heads together.")]
    [InlineData("llama2", "attention.value_length", 8, "llama.attention.value_length is 8; supported is 24, as many as of keys.")]
    [InlineData("llama2", "rope.dimension_count", 12, "llama.rope.dimension_count is 12; supported is 24, all dimensions of a head.")]
    [InlineData("qwen2", "rope.scaling.type", "spiral", "qwen2.rope.scaling.type is \"spiral\"; supported is \"none\", \"linear\", \"yarn\" or \"longrope\".")]
    [InlineData("qwen2", "rope.scaling.type", "longrope", "the tensor rope_factors_long.weight is missing")]
    [InlineData("qwen2", "embedding_length", "wide", "qwen2.embedding_length is \"wide\"; supported is an integer between 1 and")]
    [InlineData("qwen2", "embedding_length", 48, "shape of token_embd.weight is [264, 64]; the configuration asks for [264, 48].")]
    [InlineData("qwen2", "block_count", 4, "the tensor blk.3.attn_q.weight is missing; the configuration asks for it.")]
    [InlineData("qwen2", "block_count", 2, "the tensor blk.2.attn_norm.weight has no part in a qwen2 model of 2 layers")]
    public void UnsupportedKey_IsNamed(string family, string key, object value, string complaint)
    {
        var model = Families.All[family]().WithRandomWeights(1);
        model.Metadata[key] = value;
        string path = model.WriteGguf(Path.Combine(folder.Path, "tiny.gguf"));
        Assert.Contains(complaint, Assert.Throws<ModelLoadException>(() => GgufModel.Load(path)).Message);
    }

    [Fact]
    public void UnknownGgufFamilyAndPartsOfAModel_AreNamed()
    {
        string part = new GgufWriter().Set("general.architecture", "llama").Set("split.count", 3).Write(Path.Combine(folder.Path, "model-00001-of-00003.gguf"));
        Assert.Equal(
            "model-00001-of-00003.gguf: split.count is 3; supported is 1: all tensors in one file.", Assert.Throws<ModelLoadException>(() => GgufModel.Load(part)).Message);
        string path = new GgufWriter().Set("general.architecture", "mamba").Write(Path.Combine(folder.Path, "m.gguf"));
        Assert.Equal(
            "m.gguf: general.architecture is \"mamba\"; supported is one of \"llama\", \"qwen2\", \"qwen3\", \"phi3\", \"smollm3\", \"gemma2\", \"gemma3\".",
            Assert.Throws<ModelLoadException>(() => GgufModel.Load(path)).Message);
    }

    private ModelArchitecture Read(string config)
    {
        string path = Path.Combine(folder.Path, "config.json");
        File.WriteAllText(path, config);
        return ConfigFile.Read(path);
    }
}
