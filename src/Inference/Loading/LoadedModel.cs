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

    /// <summary>Parameters of the whole model, of which this may be the first layers.</summary>
    internal long WholeParameters { get => field == 0 ? Architecture.Parameters : field; init; }

    /// <summary>It is the first layers of a model, not the whole.</summary>
    public bool IsPart => WholeParameters != Architecture.Parameters;

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

    /// <summary>
    /// Its first layers alone, left by the shared norm and head: what a device loads that takes every token from an early exit. Its caches are no other
    /// depth's, so it has a name and a fingerprint of its own; the files stay this model's.
    /// </summary>
    /// <param name="layers">One of <see cref="ModelArchitecture.EarlyExitLayers"/>, or all layers.</param>
    /// <exception cref="ModelLoadException">The model was not trained to be left there.</exception>
    public LoadedModel AtDepth(int layers)
    {
        if (layers == Architecture.Layers)
            return this;
        if (!Architecture.EarlyExitLayers.Contains(layers))
            throw new ModelLoadException(
                $"{Shape.Name} cannot be left after {layers} layers: it has {Architecture.Layers}, and exits after {(Architecture.EarlyExitLayers.IsEmpty ? "none" : string.Join(", ", Architecture.EarlyExitLayers))}.");
        var first = Architecture with
        {
            LayerSpecs = Architecture.LayerSpecs[..layers], EarlyExitLayers = [.. Architecture.EarlyExitLayers.Where(exit => exit < layers)],
        };
        return new LoadedModel($"{Shape.Name}@{layers}", $"{Shape.Fingerprint}@{layers}", first, Tensors with { Layers = Tensors.Layers[..layers] }, SharedFiles.Instance)
        {
            WholeParameters = WholeParameters, Path = Path, Generation = Generation, Tokenizer = Tokenizer, TokenizerConfig = TokenizerConfig, StoredType = StoredType,
        };
    }

    public void Dispose() => files.Dispose();

    private sealed class SharedFiles : IDisposable
    {
        public static SharedFiles Instance { get; } = new();

        public void Dispose()
        {
        }
    }
}
