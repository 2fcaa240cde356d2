using System.Text.Json.Nodes;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Loading;

public sealed class ModelDirectoryTests
{
    [Fact]
    public void EmbeddedModel_IsReadWhole()
    {
        using var model = ModelDirectory.Load(Repository.EmbeddedModel);
        Assert.Equal("spark", model.Shape.Name);
        Assert.Equal(model.Architecture.VocabularySize, model.Tokenizer.IdLimit);
        Assert.Contains(258, model.Generation.EosTokens);
        Assert.NotEmpty(model.Architecture.EarlyExitLayers);
        Assert.Equal("<|im_end|>", model.TokenizerConfig.EosToken);
        Assert.Contains("im_start", model.TokenizerConfig.ChatTemplate);
        Assert.Equal(model.Architecture.MaxPositions, model.TokenizerConfig.ModelMaxLength);
    }

    /// <summary>Each broken configuration and the words its complaint must hold.</summary>
    public static TheoryData<string, string?, string> BrokenConfigurations() => new()
    {
        { "model_type", "\"mamba\"", "config.json: model_type is \"mamba\"; supported is one of \"llama\", \"mistral\", \"qwen2\"" },
        { "model_type", null, "config.json: model_type is missing" },
        { "architectures", "[\"LlamaForSequenceClassification\"]", "supported is [\"LlamaForCausalLM\"]" },
        { "hidden_act", "\"gelu\"", "config.json: hidden_act is \"gelu\"; supported is \"silu\"." },
        { "rope_scaling", "{\"rope_type\":\"llama3\"}", "config.json: rope_scaling.factor is missing; a number between 1 and 1000000 is expected." },
        { "rope_scaling", "{\"type\":\"linear\",\"factor\":0}", "config.json: rope_scaling.factor is 0; supported is a number between 1 and 1000000." },
        { "rope_scaling", "{\"type\":\"longrope\",\"short_factor\":[1,2]}", "config.json: rope_scaling.short_factor is [1,2]; supported is a list of 6 numbers above 0." },
        { "rope_scaling", "{\"factor\":2}", "config.json: rope_scaling.rope_type is missing; \"default\", \"linear\"" },
        { "rope_parameters", "{\"rope_type\":\"spiral\"}", "config.json: rope_parameters.rope_type is \"spiral\"; supported is \"default\", \"linear\", \"dynamic\", \"yarn\", \"llama3\" or \"longrope\"." },
        { "attention_bias", "true", "config.json: attention_bias is true; supported is false." },
        { "mlp_bias", "true", "config.json: mlp_bias is true; supported is false." },
        { "quantization_config", "{}", "quantization_config is {}; supported is null" },
        { "num_key_value_heads", "3", "num_key_value_heads is 3; supported is a divisor of num_attention_heads, which is 4." },
        { "head_dim", "13", "head_dim is 13; supported is an even number" },
        { "hidden_size", "\"wide\"", "hidden_size is \"wide\"; supported is an integer between 1 and" },
        { "hidden_size", null, "config.json: hidden_size is missing" },
        { "vocab_size", "100", "tokenizer.json: the highest token id is 261; config.json's vocab_size 100" },
        { "vocab_size", "300", "shape of model.embed_tokens.weight is [264, 48]; the configuration asks for [300, 48]." },
        { "num_hidden_layers", "3", "the tensor model.layers.2.self_attn.q_proj.weight is missing" },
        { "tie_word_embeddings", "false", "the tensor lm_head.weight is missing" },
        { "early_exit_layers", "[2, 1]", "early_exit_layers is [2, 1]; supported is an ascending list" },
    };

    [Theory]
    [MemberData(nameof(BrokenConfigurations))]
    public void BrokenConfiguration_IsNamed(string field, string? value, string complaint) => AssertComplaint(complaint, folder =>
    {
        string path = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config.Remove(field);
        if (value is not null)
            config[field] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString().Replace("[2,1]", "[2, 1]"));
    });

    public static TheoryData<string, string?, string> BrokenFiles() => new()
    {
        { "config.json", null, "config.json: the file is missing from " },
        { "config.json", "{\"hidden_size\": ", "config.json: the file is not valid JSON" },
        { "config.json", "[]", "config.json: the file holds no JSON object" },
        { "tokenizer.json", null, "tokenizer.json: the file is missing from " },
        { "tokenizer.json", "{}", "tokenizer.json: model is missing" },
        { "tokenizer.json", "{\"model\":{\"type\":\"WordPiece\"}}", "tokenizer.json: model.type is \"WordPiece\"; supported is \"BPE\", or \"Unigram\" without ByteLevel." },
        { "tokenizer.json", "{\"normalizer\":{\"type\":\"Nmt\"},\"model\":{}}", "normalizer is {\"type\":\"Nmt\"}; supported is null, Prepend, Replace" },
        { "tokenizer.json", "{\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "has no token for byte 0x00" },
        { "model.safetensors", null, "model.safetensors: the file is missing from " },
        { "model.safetensors", "x", "model.safetensors: the file is 1 bytes long" },
        { "model.safetensors", "xxxxxxxxxxxxxxxx", "model.safetensors: the header length is" },
        { "model.safetensors.index.json", "{}", "model.safetensors.index.json: weight_map is missing" },
        { "model.safetensors.index.json", "{\"weight_map\":{\"a\":\"../b.safetensors\"}}", "weight_map.a is \"../b.safetensors\"; the name of a file in the same directory" },
        { "model.safetensors.index.json", "{\"weight_map\":{\"a\":\"b.safetensors\"}}", "b.safetensors: the file is missing from " },
        { "model.safetensors.index.json", "{\"weight_map\":{\"a\":\"model.safetensors\"}}", "the tensor a is missing; model.safetensors.index.json places it there" },
        { "generation_config.json", "{\"eos_token_id\": [2, 9999]}", "generation_config.json: eos_token_id is [2, 9999]" },
        { "tokenizer_config.json", "{\"chat_template\": 7}", "tokenizer_config.json: chat_template is 7; supported is a string." },
    };

    [Theory]
    [MemberData(nameof(BrokenFiles))]
    public void BrokenFile_IsNamed(string file, string? content, string complaint) => AssertComplaint(complaint, folder =>
    {
        File.Delete(Path.Combine(folder, file));
        if (content is not null)
            File.WriteAllText(Path.Combine(folder, file), content);
    });

    [Theory]
    [InlineData("\"F32\"", "\"I64\"", "dtype of model.embed_tokens.weight is I64; supported is F32, F16 or BF16.")]
    [InlineData("[264,48]", "[264,49]", "bytes for shape [264, 49] of F32")]
    [InlineData("\"shape\"", "\"shapf\"", "the header entry of model.embed_tokens.weight is malformed")]
    public void BrokenHeader_IsNamed(string original, string replacement, string complaint) => AssertComplaint(complaint, folder =>
    {
        string path = Path.Combine(folder, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        int at = bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(original));
        System.Text.Encoding.UTF8.GetBytes(replacement).CopyTo(bytes, at);
        File.WriteAllBytes(path, bytes);
    });

    [Fact]
    public void MissingDirectory_IsNamed() =>
        Assert.Contains("the directory does not exist", Assert.Throws<ModelLoadException>(() => ModelDirectory.Load("/nowhere/at/all")).Message);

    [Fact]
    public void Fingerprint_IsOfConfigurationAndWeights()
    {
        string Of(int seed, Action<string>? change = null)
        {
            using var folder = new TemporaryFolder();
            new TinyModel().WithRandomWeights(seed).Write(folder.Path);
            change?.Invoke(folder.Path);
            using var model = ModelDirectory.Load(folder.Path);
            return model.Shape.Fingerprint;
        }
        Assert.Equal(Of(1), Of(1));
        Assert.NotEqual(Of(1), Of(2));
        Assert.NotEqual(Of(1), Of(1, folder => File.AppendAllText(Path.Combine(folder, "config.json"), " ")));
    }

    [Fact]
    public void GenerationConfig_TakesANumberOrAList()
    {
        using var folder = new TemporaryFolder();
        new TinyModel().WithRandomWeights(1).Write(folder.Path);
        string path = Path.Combine(folder.Path, "generation_config.json");
        File.WriteAllText(path, """{"eos_token_id": 3, "temperature": 0.7, "top_p": 0.9, "top_k": 40, "do_sample": true}""");
        using var single = ModelDirectory.Load(folder.Path);
        Assert.Equal([3], single.Generation.EosTokens);
        Assert.Equal((0.7f, 0.9f, 40, true), (single.Generation.Temperature, single.Generation.TopP, single.Generation.TopK, single.Generation.DoSample));
        File.WriteAllText(path, """{"eos_token_id": [3, 5]}""");
        using var list = ModelDirectory.Load(folder.Path);
        Assert.Equal([3, 5], list.Generation.EosTokens);
        Assert.Null(list.Generation.Temperature);
        File.Delete(path);
        using var none = ModelDirectory.Load(folder.Path);
        Assert.Equal([258], none.Generation.EosTokens); // config.json's
    }

    [Fact]
    public void BudgetBelowOneBlock_IsRefusedWithTheBytesItNeeds()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel().WithRandomWeights(1).Write(folder.Path));
        var failure = Assert.Throws<ArgumentException>(() => CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 1000 }));
        Assert.Contains("DeviceBytes is 1000; one KV block of 16 tokens of this model needs 6144 bytes", failure.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuBackend.Create(model, new CpuBackendOptions { BlockSize = 12 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuBackend.Create(model, new CpuBackendOptions { Threads = 0 }));
    }

    [Fact]
    public async Task Budgets_AreKeptToTheBlock()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(new TinyModel().WithRandomWeights(1).Write(folder.Path));
        await using var backend = CpuBackend.Create(model, new CpuBackendOptions { DeviceBytes = 6144 * 7 + 6143, HostBytes = 0, BlockSize = 16 });
        Assert.Equal(new KvShape(16, 7, 0, 6144), backend.Kv);
    }

    private static void AssertComplaint(string complaint, Action<string> breakIt)
    {
        using var folder = new TemporaryFolder();
        new TinyModel().WithRandomWeights(1).Write(folder.Path);
        breakIt(folder.Path);
        var failure = Assert.Throws<ModelLoadException>(() =>
        {
            using var model = ModelDirectory.Load(folder.Path);
            CpuBackend.Create(model).DisposeAsync();
        });
        Assert.Contains(complaint, failure.Message);
        Assert.EndsWith(".", failure.Message);
    }
}
