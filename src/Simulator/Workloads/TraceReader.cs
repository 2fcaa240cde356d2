using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;

namespace Pharos.Simulator.Workloads;

/// <summary>
/// Reads recorded sessions: CSV, gzipped or not, a row a segment, with the columns <c>session, augment, turn, prompt_tokens,
/// completion_tokens, call_time_s, call_return_tokens</c> and, where present, <c>call_kind</c>; others are ignored. A session's rows stand
/// together in order of <c>turn</c>.
/// </summary>
/// <remarks>
/// <c>prompt_tokens</c> is the whole context of that turn, so what a tool returned is the growth from row to row; the few rows whose context
/// shrinks by a token or two return nothing. A request ends with its last generated token: a call recorded after it changes nothing that a
/// scheduler decides and is left out.
/// </remarks>
public static class TraceReader
{
    private static readonly string[] Required =
        ["session", "augment", "turn", "prompt_tokens", "completion_tokens", "call_time_s", "call_return_tokens"];

    /// <exception cref="FormatException">A row cannot be read; the message names file, line, column, and what was expected.</exception>
    public static RecordedWorkload Read(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[2];
        var zipped = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
        file.Position = 0;
        using var text = new StreamReader(zipped ? new GZipStream(file, CompressionMode.Decompress) : file);
        return new RecordedWorkload(Path.GetFileName(path), Read(text, Path.GetFileName(path)));
    }

    public static IReadOnlyList<Session> Read(TextReader text, string file)
    {
        var columns = Header(text.ReadLine(), file);
        var sessions = new List<Session>();
        var rows = new List<Row>();
        string? current = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var line = 2; text.ReadLine() is { } content; line++)
        {
            if (content.Length == 0)
                continue;
            var row = Parse(content.Split(','), columns, file, line);
            if (row.Session != current)
            {
                Close(rows, sessions);
                if (!seen.Add(row.Session))
                    throw Bad(file, line, "session", $"'{row.Session}' appeared before; a session's rows stand together");
                current = row.Session;
            }

            if (row.Turn != rows.Count)
                throw Bad(file, line, "turn", $"expected {rows.Count}, came {row.Turn}");
            if (rows.Count > 0 && rows[^1].ToolSeconds is null)
                throw Bad(file, line - 1, "call_time_s", "expected a time, as the session goes on");
            rows.Add(row);
        }

        Close(rows, sessions);
        return sessions.Count > 0 ? sessions : throw new FormatException($"{file} holds no session.");
    }

    private static Dictionary<string, int> Header(string? line, string file)
    {
        var names = (line ?? "").Split(',');
        var columns = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < names.Length; i++)
            columns[names[i].Trim()] = i;
        var missing = Required.Where(name => !columns.ContainsKey(name)).ToList();
        return missing.Count == 0
            ? columns
            : throw new FormatException($"{file}, line 1: columns {string.Join(", ", missing)} are missing; expected {string.Join(", ", Required)}.");
    }

    private static Row Parse(string[] fields, Dictionary<string, int> columns, string file, int line)
    {
        if (fields.Length != columns.Count)
            throw new FormatException($"{file}, line {line}: expected {columns.Count} fields, came {fields.Length}.");
        var kind = columns.TryGetValue("call_kind", out var at) ? fields[at] : "";
        var augment = fields[columns["augment"]];
        var seconds = fields[columns["call_time_s"]];
        return new Row(
            fields[columns["session"]], augment, Whole("turn", 0), Whole("prompt_tokens", 1), Whole("completion_tokens", 1),
            kind.Length > 0 ? kind : augment, seconds.Length == 0 ? null : Seconds());

        int Whole(string column, int least) =>
            int.TryParse(fields[columns[column]], NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) && value >= least
                ? value
                : throw Bad(file, line, column, $"expected a whole number from {least} on, came '{fields[columns[column]]}'");

        double Seconds() =>
            double.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && double.IsFinite(value)
                ? value
                : throw Bad(file, line, "call_time_s", $"expected seconds from 0 on, came '{seconds}'");
    }

    private static void Close(List<Row> rows, List<Session> sessions)
    {
        if (rows.Count == 0)
            return;
        var segments = ImmutableArray.CreateBuilder<Segment>(rows.Count);
        for (var i = 0; i < rows.Count - 1; i++)
        {
            var returned = Math.Max(0, rows[i + 1].PromptTokens - rows[i].PromptTokens - rows[i].CompletionTokens);
            segments.Add(new Segment(rows[i].CompletionTokens, rows[i].Kind, rows[i].ToolSeconds!.Value, returned));
        }

        segments.Add(new Segment(rows[^1].CompletionTokens, null, 0, 0));
        sessions.Add(new Session(rows[0].Augment, rows[0].PromptTokens, segments.MoveToImmutable()));
        rows.Clear();
    }

    private static FormatException Bad(string file, int line, string column, string what) => new($"{file}, line {line}, {column}: {what}.");

    private readonly record struct Row(
        string Session, string Augment, int Turn, int PromptTokens, int CompletionTokens, string Kind, double? ToolSeconds);
}
