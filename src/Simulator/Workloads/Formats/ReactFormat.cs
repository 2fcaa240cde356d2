using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>Episodes of reasoning and look-ups without times (HotpotQA with ReAct): times come from <see cref="PublishedTimes"/>.</summary>
internal sealed class ReactFormat : ITraceFormat
{
    public string Name => "ReAct episodes";

    public ImmutableArray<string> Columns { get; } =
        ["episode", "step", "steps", "action", "context_tokens_gpt2_excl_fewshot", "output_tokens_gpt2", "observation_tokens_gpt2"];

    public IWorkload Read(TraceTable table)
    {
        var sessions = new SessionBuilder(table.File);
        string? current = null;
        foreach (var row in table.Rows())
        {
            if (row.Text("episode") != current)
                current = sessions.Begin(row.Text("episode"), row, "react");
            sessions.Add(
                row, row.Whole("context_tokens_gpt2_excl_fewshot", 1), row.Whole("output_tokens_gpt2", 1), row.Text("action"),
                row.Whole("step", 1) < row.Whole("steps", 1) ? PublishedTimes.Tool(row.Line) : null, "steps");
        }

        return sessions.Workload("the few-shot prompt is not counted, and no times are recorded: " + PublishedTimes.Source);
    }
}
