using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>
/// Recorded sessions of coding agents (kv-cache-tester), a row a call of the model. A request goes from a user's message to the end of the
/// turn. A new one begins also where the context was compacted, as nothing of the cache is left then, and where a time is missing.
/// </summary>
/// <remarks>
/// <c>think_time_s</c> is the pause before a row, so the tool at the end of a segment took the pause before the next row: an upper bound, in
/// whole seconds. Rows of another type than <c>n</c> are side calls (titles, summaries of subagents) outside the chain and are left out.
/// </remarks>
internal sealed class CodingAgentFormat : ITraceFormat
{
    private const double LeastKept = 0.9; // of the context from row to row; less is a compaction

    public string Name => "coding agents";

    public ImmutableArray<string> Columns { get; } =
        ["trace", "depth", "req", "t_s", "type", "in_tok", "out_tok", "stop", "think_time_s"];

    public IWorkload Read(TraceTable table)
    {
        // A subagent's rows (depth 1) stand between those of its parent.
        var chains = new Dictionary<(string Trace, string Depth), List<Row>>();
        var requests = new List<List<Row>>();
        foreach (var row in table.Rows())
        {
            if (row.Text("type") != "n")
                continue;
            var chain = (row.Text("trace"), row.Text("depth"));
            var next = new Row(row, row.Whole("in_tok", 1), row.Whole("out_tok", 1), row.Text("stop") == "tool_use", row.SecondsIfAny("think_time_s"));
            var isNew = !chains.TryGetValue(chain, out var open) || !open[^1].Calls || next.Context < LeastKept * open[^1].Context
                || next.Pause is null || row.Whole("req", 0) == 0;
            if (isNew)
                requests.Add(chains[chain] = open = []);
            open!.Add(next);
        }

        var sessions = new SessionBuilder(table.File);
        foreach (var rows in requests)
        {
            sessions.Close();
            sessions.Begin($"{requests.Count}:{rows[0].At.Line}", rows[0].At, "coding");
            for (var i = 0; i < rows.Count; i++)
                sessions.Add(rows[i].At, rows[i].Context, rows[i].Tokens, "tool", i + 1 < rows.Count ? rows[i + 1].Pause : null, "think_time_s");
        }

        return sessions.Workload("tool times are pauses between calls in whole seconds: upper bounds");
    }

    private readonly record struct Row(TraceRow At, int Context, int Tokens, bool Calls, double? Pause);
}
