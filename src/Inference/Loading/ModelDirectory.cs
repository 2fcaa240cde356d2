using Pharos.Inference.Backend;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Loading;

/// <summary>Opens a model in the Hugging Face layout: config.json, *.safetensors, tokenizer.json and their companions.</summary>
public static class ModelDirectory
{
    /// <summary>
    /// Reads and validates everything; weights stay mapped, not copied, until a backend packs them.
    /// </summary>
    /// <param name="name">The name it is served under; the directory's own name where null.</param>
    /// <exception cref="ModelLoadException">Something is missing or not supported.</exception>
    public static LoadedModel Load(string directory, string? name = null)
    {
        directory = Path.GetFullPath(directory);
        if (!Directory.Exists(directory))
            throw new ModelLoadException($"{directory}: the directory does not exist; a model directory with config.json is expected.");
        string configPath = Path.Combine(directory, "config.json");
        var config = LlamaConfig.Read(configPath);
        var generation = GenerationConfig.Read(Path.Combine(directory, "generation_config.json"), config);
        var tokenizer = Tokenizer.Load(Path.Combine(directory, "tokenizer.json"));
        if (tokenizer.IdLimit > config.VocabularySize)
            throw new ModelLoadException(
                $"tokenizer.json: the highest token id is {tokenizer.IdLimit - 1}; config.json's vocab_size {config.VocabularySize} supports ids below it.");
        var tokenizerConfig = TokenizerConfig.Read(Path.Combine(directory, "tokenizer_config.json"));
        var weights = new WeightFiles(directory);
        return new LoadedModel(
            name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)), directory, config, generation, tokenizer, tokenizerConfig,
            weights, weights.Fingerprint(configPath));
    }
}

/// <summary>A model read from a directory. Dispose it when no further backend will be made from it; running backends own packed copies.</summary>
public sealed class LoadedModel : IDisposable
{
    internal LoadedModel(
        string name, string directory, LlamaConfig config, GenerationConfig generation, Tokenizer tokenizer, TokenizerConfig tokenizerConfig,
        WeightFiles weights, string fingerprint)
    {
        (Directory, Config, Generation, Tokenizer, TokenizerConfig, Weights) = (directory, config, generation, tokenizer, tokenizerConfig, weights);
        Shape = new ModelShape(
            name, fingerprint, config.Layers, config.Heads, config.KvHeads, config.HeadDim, config.HiddenSize, config.VocabularySize, config.MaxPositions);
    }

    /// <summary>Name, sizes and the fingerprint of configuration and weights.</summary>
    public ModelShape Shape { get; }

    public string Directory { get; }

    public LlamaConfig Config { get; }

    public GenerationConfig Generation { get; }

    public Tokenizer Tokenizer { get; }

    public TokenizerConfig TokenizerConfig { get; }

    /// <summary>The widest type among the stored tensors.</summary>
    public TensorType StoredType => Weights.StoredType;

    internal WeightFiles Weights { get; }

    public void Dispose() => Weights.Dispose();
}
