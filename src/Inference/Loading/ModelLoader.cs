using Pharos.Inference.Loading.Gguf;

namespace Pharos.Inference.Loading;

/// <summary>Opens a model whichever way it is kept.</summary>
public static class ModelLoader
{
    /// <summary>A directory in the Hugging Face layout, or a GGUF file. Weights stay mapped, not copied, until a backend packs them.</summary>
    /// <param name="name">The name it is served under; that of the directory or file where null.</param>
    /// <exception cref="ModelLoadException">It is not there, or something in it is not supported; one sentence says what.</exception>
    public static LoadedModel Load(string path, string? name = null) => IsGguf(path) ? GgufModel.Load(path, name) : ModelDirectory.Load(path, name);

    internal static bool IsGguf(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path);
}
