using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>Makes sessions of rows that give the whole context of each segment: what a tool returned is the growth from row to row.</summary>
internal sealed class SessionBuilder(string file)
{
    private readonly List<Session> sessions = [];
    private readonly List<Row> rows = [];
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private string kind = "";

    /// <summary>The rows that follow are of another session.</summary>
    /// <returns><paramref name="name"/></returns>
    public string Begin(string name, TraceRow at, string kindOfSession)
    {
        Close();
        kind = kindOfSession;
        return seen.Add(name) ? name : throw at.Bad("session", $"'{name}' appeared before; a session's rows stand together");
    }

    /// <param name="context">Tokens of context when the segment begins.</param>
    /// <param name="seconds">Of the call at its end; null where there is none.</param>
    /// <param name="timeColumn">Where that time stands.</param>
    public void Add(TraceRow row, int context, int tokens, string tool, double? seconds, string timeColumn)
    {
        if (rows is [.., { Seconds: null } last])
            throw last.At.Bad(timeColumn, "expected a time, as the session goes on");
        rows.Add(new Row(row, context, tokens, tool, seconds));
    }

    /// <summary>Ends the session that is open, if any.</summary>
    public void Close()
    {
        if (rows.Count == 0)
            return;
        var segments = ImmutableArray.CreateBuilder<Segment>(rows.Count);
        for (var i = 0; i < rows.Count - 1; i++)
        {
            var returned = Math.Max(0, rows[i + 1].Context - rows[i].Context - rows[i].Tokens);
            segments.Add(new Segment(rows[i].Tokens, rows[i].Tool, rows[i].Seconds!.Value, returned));
        }

        segments.Add(new Segment(rows[^1].Tokens, null, 0, 0));
        sessions.Add(new Session(kind, rows[0].Context, segments.MoveToImmutable()));
        rows.Clear();
    }

    public RecordedWorkload Workload(string? note = null)
    {
        Close();
        return sessions.Count > 0 ? new RecordedWorkload(file, sessions) { Note = note } : throw new FormatException($"{file} holds no session.");
    }

    private readonly record struct Row(TraceRow At, int Context, int Tokens, string Tool, double? Seconds);
}
