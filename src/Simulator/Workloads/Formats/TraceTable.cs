using System.Collections.Immutable;
using System.Text.Json;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>The rows of a CSV file with a header line, or of a file of JSON lines, whose first line says which fields there are.</summary>
internal sealed class TraceTable
{
    private readonly TextReader text;
    private readonly Dictionary<string, int> columns = new(StringComparer.Ordinal);
    private readonly bool json;
    private string? firstJson;

    private TraceTable(TextReader text, string path)
    {
        this.text = text;
        Path = path;
        var first = text.ReadLine() ?? "";
        json = first.StartsWith('{');
        firstJson = json ? first : null;
        foreach (var name in json ? Fields(first, 1).Keys.ToArray() : first.Split(','))
            columns.TryAdd(name.Trim(), columns.Count);
    }

    public string Path { get; }

    public string File => System.IO.Path.GetFileName(Path);

    public IEnumerable<string> Columns => columns.Keys;

    public static TraceTable Open(TextReader text, string path) => new(text, path);

    public bool Has(string column) => columns.ContainsKey(column);

    public bool Has(ImmutableArray<string> wanted) => wanted.All(Has);

    /// <summary>Rows with their line numbers, empty lines left out.</summary>
    public IEnumerable<TraceRow> Rows()
    {
        for (var line = json ? 1 : 2; (firstJson ?? text.ReadLine()) is { } content; line++)
        {
            firstJson = null;
            if (content.Length == 0)
                continue;
            if (json)
            {
                var fields = Fields(content, line);
                yield return new TraceRow(File, line, name => fields.GetValueOrDefault(name));
                continue;
            }

            var cells = content.Split(',');
            if (cells.Length != columns.Count)
                throw new FormatException($"{File}, line {line}: expected {columns.Count} fields, came {cells.Length}.");
            yield return new TraceRow(File, line, name => columns.TryGetValue(name, out var at) ? cells[at] : null);
        }
    }

    private Dictionary<string, string> Fields(string line, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.EnumerateObject().ToDictionary(field => field.Name, field => field.Value.ToString(), StringComparer.Ordinal);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FormatException($"{File}, line {number}: expected a JSON object; {error.Message}");
        }
    }
}
