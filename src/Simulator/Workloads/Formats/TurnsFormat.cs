using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>
/// Sessions of a mixture of augments (INFERCEPT, as published with LAMPS), a row a segment; <c>call_kind</c> is read where it is present. A
/// session's rows stand together in order of <c>turn</c>.
/// </summary>
/// <remarks>
/// <c>prompt_tokens</c> is the whole context of that turn, so what a tool returned is the growth from row to row; the few rows whose context
/// shrinks by a token or two return nothing. A request ends with its last generated token: a call recorded after it changes nothing that a
/// scheduler decides and is left out.
/// </remarks>
internal sealed class TurnsFormat : ITraceFormat
{
    public string Name => "sessions with tool calls";

    public ImmutableArray<string> Columns { get; } =
        ["session", "augment", "turn", "prompt_tokens", "completion_tokens", "call_time_s", "call_return_tokens"];

    public IWorkload Read(TraceTable table)
    {
        var sessions = new SessionBuilder(table.File);
        string? current = null;
        var turn = 0;
        foreach (var row in table.Rows())
        {
            var name = row.Text("session");
            if (name != current)
                (current, turn) = (sessions.Begin(name, row, row.Text("augment")), 0);
            if (row.Whole("turn", 0) != turn++)
                throw row.Bad("turn", $"expected {turn - 1}, came {row.Text("turn")}");
            var kind = row.Text("call_kind");
            sessions.Add(
                row, row.Whole("prompt_tokens", 1), row.Whole("completion_tokens", 1), kind.Length > 0 ? kind : row.Text("augment"),
                row.SecondsIfAny("call_time_s"), "call_time_s");
        }

        return sessions.Workload();
    }
}
