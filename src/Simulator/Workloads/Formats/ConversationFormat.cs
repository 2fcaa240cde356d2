using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>Conversations of a user, a model and its tools without times (tau-bench): times come from <see cref="PublishedTimes"/>.</summary>
internal sealed class ConversationFormat : ITraceFormat
{
    public string Name => "conversations with tools";

    public ImmutableArray<string> Columns { get; } =
        ["conversation", "segment", "next_is", "tool_name", "context_tokens_gpt2", "output_tokens_gpt2", "return_tokens_gpt2"];

    public IWorkload Read(TraceTable table)
    {
        var sessions = new SessionBuilder(table.File);
        string? current = null;
        var rows = table.Rows().ToList();
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            if (row.Text("conversation") != current)
                current = sessions.Begin(row.Text("conversation"), row, "conversation");
            var goesOn = i + 1 < rows.Count && rows[i + 1].Text("conversation") == current;
            var byUser = row.Text("next_is") == "user";
            sessions.Add(
                row, row.Whole("context_tokens_gpt2", 1), Math.Max(1, row.Whole("output_tokens_gpt2", 0)), byUser ? "human" : row.Text("tool_name"),
                goesOn ? byUser ? PublishedTimes.Human(row.Line) : PublishedTimes.Tool(row.Line) : null, "segment");
        }

        return sessions.Workload("no times are recorded: " + PublishedTimes.Source);
    }
}
