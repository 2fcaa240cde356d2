using Pharos.Inference.Loading.HuggingFace;
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
        var architecture = ConfigFile.Read(configPath);
        var generation = GenerationConfig.Read(Path.Combine(directory, "generation_config.json"), architecture);
        var tokenizer = Tokenizer.Load(Path.Combine(directory, "tokenizer.json"));
        if (tokenizer.IdLimit > architecture.VocabularySize)
            throw new ModelLoadException(
                $"tokenizer.json: the highest token id is {tokenizer.IdLimit - 1}; config.json's vocab_size {architecture.VocabularySize} supports ids below it.");
        var tokenizerConfig = TokenizerConfig.Read(Path.Combine(directory, "tokenizer_config.json"));
        var weights = new WeightFiles(directory);
        try
        {
            var tensors = TensorNames.Resolve(architecture, weights.FileName, weights.Tensors);
            name ??= Path.GetFileName(Path.TrimEndingDirectorySeparator(directory));
            return new LoadedModel(name, Fingerprint.Of(File.ReadAllBytes(configPath), weights.Maps), architecture, tensors, weights)
            {
                Path = directory,
                Generation = generation,
                Tokenizer = tokenizer,
                TokenizerConfig = tokenizerConfig,
                StoredType = TensorTypes.WidestOfMatrices(weights.Tensors.Values),
            };
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
