using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>
/// Calls of agents to a model with their start times (LMCache agent trace). How long the model took is not recorded: the tool is given the
/// time between two calls less the generation at <see cref="TokensPerSecond"/>.
/// </summary>
internal sealed class AgentCallsFormat : ITraceFormat
{
    private const double TokensPerSecond = 50;
    private const double LeastKept = 0.9; // of the context from call to call; less is another conversation

    public string Name => "calls of agents";

    public ImmutableArray<string> Columns { get; } = ["agent", "session", "call", "t_s", "input_tokens_gpt2", "output_tokens_gpt2"];

    public IWorkload Read(TraceTable table)
    {
        var sessions = new SessionBuilder(table.File);
        var rows = table.Rows().ToList();
        for (var i = 0; i < rows.Count; i++)
        {
            var (row, context, tokens) = (rows[i], Context(i), Math.Max(1, rows[i].Whole("output_tokens_gpt2", 0)));
            if (i == 0 || !GoesOn(i - 1))
                sessions.Begin($"{row.Text("session")}/{row.Text("call")}", row, row.Text("agent"));
            double? pause = i + 1 < rows.Count && GoesOn(i) ? Math.Max(0, rows[i + 1].Seconds("t_s") - row.Seconds("t_s") - tokens / TokensPerSecond) : null;
            sessions.Add(row, context, tokens, row.Text("agent"), pause, "t_s");
        }

        return sessions.Workload($"tool times are not recorded: taken as the time between calls less generation at {TokensPerSecond} tokens/s");

        int Context(int i) => Math.Max(1, rows[i].Whole("input_tokens_gpt2", 0));

        bool GoesOn(int i) => rows[i].Text("session") == rows[i + 1].Text("session") && Context(i + 1) >= LeastKept * Context(i);
    }
}
