namespace Pharos.Inference.Loading;

/// <summary>Where the files of a model are, from what the configuration says.</summary>
public static class ModelLocator
{
    /// <summary>
    /// The directory or GGUF file of <paramref name="nameOrPath"/>: one that exists, or else an embedded model, <c>models/NAME</c> beside the program or in
    /// a directory above it (so that a build's output and a working tree both serve).
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">There is none; the message says where it was looked for.</exception>
    public static string Find(string nameOrPath, string? programDirectory = null)
    {
        programDirectory ??= AppContext.BaseDirectory;
        if (IsPlainName(nameOrPath))
        {
            for (var above = new DirectoryInfo(programDirectory); above is not null; above = above.Parent)
            {
                var embedded = Path.Combine(above.FullName, "models", nameOrPath);
                if (File.Exists(Path.Combine(embedded, "config.json")))
                    return embedded;
            }
        }
        if (Directory.Exists(nameOrPath) || ModelLoader.IsGguf(nameOrPath) && File.Exists(nameOrPath))
            return Path.GetFullPath(nameOrPath);
        throw new DirectoryNotFoundException(
            $"Pharos:Model '{nameOrPath}' is neither an embedded model (models/{nameOrPath}/config.json in {programDirectory} or above it) nor a directory nor a .gguf file.");
    }

    private static bool IsPlainName(string text) =>
        text.Length > 0 && text is not ("." or "..") && text.IndexOfAny([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]) < 0;
}
