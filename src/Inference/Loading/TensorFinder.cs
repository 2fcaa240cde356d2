using Pharos.Inference.Models;

namespace Pharos.Inference.Loading;

/// <summary>Finds tensors by name and keeps count, so that a tensor which no part of the model asked for does not go unnoticed.</summary>
internal sealed class TensorFinder(string file, IReadOnlyDictionary<string, TensorView> tensors)
{
    private readonly HashSet<string> found = new(StringComparer.Ordinal);

    public bool Contains(string name) => tensors.ContainsKey(name);

    /// <summary>A matrix [rows, columns].</summary>
    public TensorView Matrix(string name, int rows, int columns) => Find(name).Expect(rows, columns);

    public TensorView Vector(string name, int length) => Find(name).Expect(0, length);

    /// <summary>A vector that only some architectures have.</summary>
    public TensorView? Vector(bool expected, string name, int length) => expected ? Vector(name, length) : null;

    /// <summary>Fails where a tensor is left that changes what the model computes.</summary>
    /// <param name="beside">Whether a tensor is known not to: what others write beside the weights.</param>
    public void RequireAllFound(ModelArchitecture architecture, Func<string, bool> beside)
    {
        if (tensors.Values.FirstOrDefault(t => !found.Contains(t.Name) && !beside(t.Name)) is { } left)
            throw new ModelLoadException(
                $"{left.File}: the tensor {left.Name} has no part in a {architecture.Family} model of {architecture.Layers} layers as the configuration describes it; only weights that are used are supported.");
    }

    private TensorView Find(string name)
    {
        if (!tensors.TryGetValue(name, out var tensor))
            throw new ModelLoadException($"{file}: the tensor {name} is missing; the configuration asks for it.");
        found.Add(name);
        return tensor;
    }
}
