namespace Pharos.Inference.Tests.Support;

/// <summary>Files of the repository the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string EmbeddedModel => Embedded("spark");

    public static string Embedded(string name) => Path.Combine(Root, "models", name);

    /// <summary>Public data that is not part of the repository, where this machine has it.</summary>
    public static string? SharedData { get; } =
        new[] { Environment.GetEnvironmentVariable("PHAROS_SHARED_DATA"), Path.Combine(Root, "..", "shared", "data") }
            .FirstOrDefault(Directory.Exists);

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Directory.Packages.props")))
                return directory.FullName;
        }
        throw new DirectoryNotFoundException($"No repository above {AppContext.BaseDirectory}.");
    }
}

/// <summary>A fact that needs a public data file which is not kept in the repository.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute(string file)
    {
        if (Repository.SharedData is null || !File.Exists(Path.Combine(Repository.SharedData, file)))
            Skip = $"{file} is not here: set PHAROS_SHARED_DATA to a folder that has it.";
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pharos-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
