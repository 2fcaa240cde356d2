using System.Text.Json;

namespace Pharos.Bench.Scheduling.Compare;

/// <summary>Results that are there, in a file of JSON lines: a comparison that was interrupted goes on where it stopped.</summary>
internal sealed class CellStore
{
    private readonly string path;
    private readonly Dictionary<string, CellResult> results = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    public CellStore(string path)
    {
        this.path = path;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        if (!File.Exists(path))
            return;
        foreach (var line in File.ReadLines(path))
        {
            var result = JsonSerializer.Deserialize<CellResult>(line, JsonSerializerOptions.Web)!;
            results[result.Key] = result;
        }
    }

    public CellResult? Find(Cell cell)
    {
        lock (gate)
            return results.GetValueOrDefault(cell.Key);
    }

    public void Add(CellResult result)
    {
        lock (gate)
        {
            results[result.Key] = result;
            File.AppendAllText(path, JsonSerializer.Serialize(result, JsonSerializerOptions.Web) + "\n");
        }
    }

    /// <summary>Forgets all cells of these policies: they have changed.</summary>
    public void Drop(IReadOnlyCollection<string> policies)
    {
        lock (gate)
        {
            foreach (var key in results.Keys.Where(key => policies.Contains(key.Split('|')[1])).ToList())
                results.Remove(key);
            File.WriteAllLines(path, results.Values.Select(result => JsonSerializer.Serialize(result, JsonSerializerOptions.Web)));
        }
    }
}
