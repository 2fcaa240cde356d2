using Pharos.Inference.Backend;
using Pharos.Inference.Models;
using Pharos.Inference.Tokenization;

namespace Pharos.Inference.Loading;

/// <summary>A model read from its files. Dispose it when no further backend will be made from it; running backends own packed copies.</summary>
public sealed class LoadedModel : IDisposable
{
    private readonly IDisposable files;

    internal LoadedModel(string name, string fingerprint, ModelArchitecture architecture, ModelTensors tensors, IDisposable files)
    {
        (Architecture, Tensors, this.files) = (architecture, tensors, files);
        Shape = new ModelShape(
            name, fingerprint, architecture.Layers, architecture.Heads, architecture.KvHeads, architecture.HeadDim, architecture.HiddenSize,
            architecture.VocabularySize, architecture.MaxPositions);
    }

    /// <summary>Name, sizes and the fingerprint of configuration and weights.</summary>
    public ModelShape Shape { get; }

    /// <summary>The directory or file it was read from.</summary>
    public required string Path { get; init; }

    /// <summary>What it computes.</summary>
    public ModelArchitecture Architecture { get; }

    public required GenerationConfig Generation { get; init; }

    public required Tokenizer Tokenizer { get; init; }

    public required TokenizerConfig TokenizerConfig { get; init; }

    /// <summary>The widest type among the stored matrices; vectors are often kept wider.</summary>
    public required TensorType StoredType { get; init; }

    internal ModelTensors Tensors { get; }

    public void Dispose() => files.Dispose();
}
