namespace Pharos.Architecture.Tests;

/// <summary>The files the tests were built from.</summary>
internal static class Repository
{
    private static readonly HashSet<string> Text =
        [".cs", ".csproj", ".props", ".targets", ".sln", ".md", ".sh", ".py", ".json", ".yml", ".yaml", ".html", ".js", ".css", ".txt", ""];

    // What .gitignore names, and what tools keep beside the sources.
    private static readonly HashSet<string> NotOurs = ["artifacts", "bin", "obj", "TestResults", "__pycache__", "node_modules", "shared"];

    public static string Root { get; } = FindRoot();

    /// <summary>Text of a file, by its path from the root.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>C# files below a folder, by their paths from the root.</summary>
    public static IReadOnlyList<string> Sources(string folder) => [.. Files(folder).Where(path => path.EndsWith(".cs", StringComparison.Ordinal))];

    /// <summary>Text files below a folder (the whole repository without one), by their paths from the root.</summary>
    public static IReadOnlyList<string> Files(string folder = "") =>
        [.. Below(new DirectoryInfo(Path.Combine(Root, folder))).Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    private static IEnumerable<FileInfo> Below(DirectoryInfo folder) =>
        folder.EnumerateFiles().Where(file => Text.Contains(file.Extension) && (file.Name[0] != '.' || file.Name == ".editorconfig"))
            .Concat(folder.EnumerateDirectories().Where(IsOurs).SelectMany(Below));

    private static bool IsOurs(DirectoryInfo folder) => !NotOurs.Contains(folder.Name) && (folder.Name[0] != '.' || folder.Name is ".ci" or ".github");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cluster.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Cluster.sln: run these tests from a checkout of the repository.");
    }
}
