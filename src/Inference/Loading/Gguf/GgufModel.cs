using Pharos.Inference.Tokenization.Reading;

namespace Pharos.Inference.Loading.Gguf;

/// <summary>Opens a model from one GGUF file: weights, configuration and vocabulary together.</summary>
public static class GgufModel
{
    /// <summary>Reads and validates everything; weights stay mapped, not copied, until a backend packs them.</summary>
    /// <param name="name">The name it is served under; the file's own without its ending where null.</param>
    /// <exception cref="ModelLoadException">Something is missing or not supported.</exception>
    public static LoadedModel Load(string path, string? name = null)
    {
        path = Path.GetFullPath(path);
        var file = new GgufFile(path);
        try
        {
            var (architecture, family) = GgufArchitecture.Read(file);
            var tensors = GgufTensorNames.Resolve(architecture, family, file);
            var vocabulary = GgufVocabulary.Read(file.Metadata);
            if (vocabulary.Tokenizer.IdLimit > architecture.VocabularySize)
                throw new ModelLoadException(
                    $"{file.Name}: the highest token id is {vocabulary.Tokenizer.IdLimit - 1}; the {architecture.VocabularySize} rows of {GgufTensorNames.Embedding} support ids below it.");
            architecture = architecture with { EosTokens = [.. vocabulary.EndTokens] };
            return new LoadedModel(name ?? Path.GetFileNameWithoutExtension(path), Fingerprint.Of(file.Map), architecture, tensors, file)
            {
                Path = path,
                Generation = GenerationConfig.Of(architecture),
                Tokenizer = vocabulary.Tokenizer,
                TokenizerConfig = vocabulary.Config,
                StoredType = TensorTypes.WidestOfMatrices(file.Tensors.Values),
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
