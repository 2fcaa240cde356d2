using System.Text.Json;

namespace Pharos.Inference.Loading;

/// <summary>All tensors of a model directory: one <c>model.safetensors</c>, or the shards an index names.</summary>
internal sealed class WeightFiles : IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";
    private readonly SortedDictionary<string, SafetensorsFile> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorView> tensors = new(StringComparer.Ordinal);

    public WeightFiles(string directory)
    {
        try
        {
            if (File.Exists(Path.Combine(directory, Index)))
                OpenShards(directory);
            else
                OpenSingle(directory);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>By name, over all files.</summary>
    public IReadOnlyDictionary<string, TensorView> Tensors => tensors;

    /// <summary>The (first) file, for complaints.</summary>
    public string FileName => files.First().Key;

    /// <summary>In the order of their names.</summary>
    public IEnumerable<MappedFile> Maps => files.Values.Select(f => f.Map);

    private void OpenSingle(string directory)
    {
        string name = Single;
        if (!File.Exists(Path.Combine(directory, Single)))
        {
            string[] found = [.. Directory.GetFiles(directory, "*.safetensors").Select(p => Path.GetFileName(p)!)];
            if (found.Length != 1)
                throw new ModelLoadException(
                    $"{Single}: the file is missing from {directory}; one .safetensors file, or {Index} and its shards, is expected.");
            name = found[0];
        }
        var file = Open(directory, name);
        foreach (var (tensor, view) in file.Tensors)
            tensors[tensor] = view;
    }

    private void OpenShards(string directory)
    {
        using var document = JsonFields.Open(Path.Combine(directory, Index));
        if (new JsonFields(Index, document.RootElement).Find("weight_map") is not { ValueKind: JsonValueKind.Object } map)
            throw new ModelLoadException($"{Index}: weight_map is missing; an object of tensor name to file name is expected.");
        foreach (var entry in map.EnumerateObject())
        {
            string? name = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
            if (name is null || name != Path.GetFileName(name))
                throw new ModelLoadException(
                    $"{Index}: weight_map.{entry.Name} is {entry.Value.GetRawText()}; the name of a file in the same directory is expected.");
            if (!Open(directory, name).Tensors.TryGetValue(entry.Name, out var view))
                throw new ModelLoadException($"{name}: the tensor {entry.Name} is missing; {Index} places it there.");
            tensors[entry.Name] = view;
        }
        if (files.Count == 0)
            throw new ModelLoadException($"{Index}: weight_map is empty; an object of tensor name to file name is expected.");
    }

    private SafetensorsFile Open(string directory, string name)
    {
        if (!files.TryGetValue(name, out var file))
            files[name] = file = new SafetensorsFile(Path.Combine(directory, name));
        return file;
    }

    public void Dispose()
    {
        foreach (var file in files.Values)
            file.Dispose();
    }
}
