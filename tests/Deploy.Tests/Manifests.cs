using YamlDotNet.RepresentationModel;

namespace Pharos.Deploy.Tests;

/// <summary>One object of a manifest file.</summary>
internal sealed record Manifest(string File, string Kind, string Name, YamlMappingNode Root)
{
    /// <summary>Every pod template: the workloads' own.</summary>
    public YamlMappingNode? Template => Root.Find("spec", "template") as YamlMappingNode;

    public override string ToString() => $"{File}: {Kind} {Name}";
}

internal static class Manifests
{
    public static string Root { get; } = FindRoot();

    /// <summary>Folders of the overlays, from <c>deploy/k8s</c>.</summary>
    public static IReadOnlyList<string> Overlays { get; } =
        [.. Directory.GetDirectories(Path.Combine(Root, "deploy/k8s/overlays")).Order(StringComparer.Ordinal).Select(folder => "overlays/" + Path.GetFileName(folder))];

    private static readonly HashSet<string> PatchPaths = [.. Overlays.SelectMany(PatchesOf)];

    /// <summary>What overlays change of the manifests; not whole objects.</summary>
    public static IReadOnlyList<Manifest> Patches { get; } = [.. PatchPaths.Order(StringComparer.Ordinal).SelectMany(Read)];

    /// <summary>Everything under <c>deploy/k8s</c> that is sent to a cluster.</summary>
    public static IReadOnlyList<Manifest> All { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "deploy/k8s"), "*.yaml", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != "kustomization.yaml" && !PatchPaths.Contains(path)).Order(StringComparer.Ordinal).SelectMany(Read),
    ];

    public static IEnumerable<Manifest> OfKind(params string[] kinds) => All.Where(manifest => kinds.Contains(manifest.Kind));

    /// <summary>Those that run pods.</summary>
    public static IReadOnlyList<Manifest> Workloads { get; } = [.. OfKind("Deployment", "StatefulSet")];

    public static IEnumerable<YamlMappingNode> Containers(this Manifest workload) =>
        ((YamlSequenceNode)workload.Template!.Find("spec", "containers")!).Children.Cast<YamlMappingNode>();

    /// <summary>Values of <c>matchLabels</c> or of a plain selector, all of which the pods of a workload must carry.</summary>
    public static Dictionary<string, string> Labels(YamlNode? node) => node is YamlMappingNode labels
        ? labels.Children.ToDictionary(label => label.Key.ToString(), label => label.Value.ToString())
        : [];

    public static bool Selects(IReadOnlyDictionary<string, string> selector, Manifest workload)
    {
        var labels = Labels(workload.Template!.Find("metadata", "labels"));
        return selector.All(wanted => labels.GetValueOrDefault(wanted.Key) == wanted.Value);
    }

    /// <summary>The node at a path of keys; null where there is none.</summary>
    public static YamlNode? Find(this YamlNode node, params string[] path)
    {
        foreach (var key in path)
        {
            if (node is not YamlMappingNode map || !map.Children.TryGetValue(new YamlScalarNode(key), out var next))
                return null;
            node = next;
        }

        return node;
    }

    public static string Text(this YamlNode node, params string[] path) =>
        node.Find(path)?.ToString() ?? throw new KeyNotFoundException($"There is no {string.Join('.', path)} at line {node.Start.Line}.");

    /// <summary>Key-value literals of a kustomization's config map.</summary>
    public static IReadOnlyList<(string Key, string Value)> ConfigLiterals(string folder)
    {
        var kustomization = Kustomization(folder);
        return
        [
            .. ((YamlSequenceNode)kustomization.Find("configMapGenerator")!).Children
                .SelectMany(generator => ((YamlSequenceNode)generator.Find("literals")!).Children)
                .Select(literal => literal.ToString().Split('=', 2)).Select(pair => (pair[0], pair[1])),
        ];
    }

    /// <summary>The kustomization of a folder.</summary>
    public static YamlMappingNode Kustomization(string folder) => Load(Path.Combine(Root, "deploy/k8s", folder, "kustomization.yaml")).Single();

    private static IEnumerable<string> PatchesOf(string folder) => Kustomization(folder).Find("patchesStrategicMerge") is YamlSequenceNode patches
        ? patches.Children.Select(patch => Path.Combine(Root, "deploy/k8s", folder, patch.ToString()))
        : [];

    private static IEnumerable<Manifest> Read(string path) => Load(path).Select(
        root => new Manifest(Path.GetRelativePath(Root, path), root.Text("kind"), root.Text("metadata", "name"), root));

    private static List<YamlMappingNode> Load(string path)
    {
        var stream = new YamlStream();
        using var text = File.OpenText(path);
        stream.Load(text);
        return [.. stream.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }

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
