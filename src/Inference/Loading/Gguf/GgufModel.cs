using Pharos.Inference.Models;
using Pharos.Inference.Tokenization;

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
            var tokenizer = Tokenizer.Load(Path.Combine(Path.GetDirectoryName(path)!, "tokenizer.json"));
            if (tokenizer.IdLimit > architecture.VocabularySize)
                throw new ModelLoadException(
                    $"{file.Name}: the highest token id is {tokenizer.IdLimit - 1}; the {architecture.VocabularySize} rows of {GgufTensorNames.Embedding} support ids below it.");
            return new LoadedModel(name ?? Path.GetFileNameWithoutExtension(path), Fingerprint.Of(file.Map), architecture, tensors, file)
            {
                Path = path,
                Generation = GenerationConfig.Of(architecture),
                Tokenizer = tokenizer,
                TokenizerConfig = TextSide(file.Metadata, architecture, tokenizer),
                StoredType = TensorTypes.WidestOfMatrices(file.Tensors.Values),
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static TokenizerConfig TextSide(GgufMetadata metadata, ModelArchitecture architecture, Tokenizer tokenizer)
    {
        string? TextOf(int? token) => token is { } id ? tokenizer.TokenText(id) : null;
        return new TokenizerConfig(
            metadata.OptionalText("tokenizer.chat_template"), TextOf(architecture.BosToken),
            architecture.EosTokens.IsEmpty ? null : TextOf(architecture.EosTokens[0]), metadata.Boolean("tokenizer.ggml.add_bos_token", false), null);
    }
}
