using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>A published data set that tells of tool use but not enough to run it: recognised, to say what is missing.</summary>
internal sealed class IncompleteFormat(string name, ImmutableArray<string> columns, string missing) : ITraceFormat
{
    public static ImmutableArray<IncompleteFormat> All { get; } =
    [
        new("ToolBench", ["query_id", "tool_spec_tokens_gpt2", "query_tokens_gpt2", "tool_sequence"], "the tokens of the model's calls and of the tools' results"),
        new("Berkeley function calling", ["n_functions", "spec_tokens", "turn_tokens"], "the tokens of answers and of the tools' results"),
        new("API-Bank", ["dialogue", "api_sequence", "user_tokens_gpt2", "assistant_tokens_gpt2"], "the order of user turns and calls, and the tokens of each call"),
        new("SWE-agent tool times", ["run", "command", "execution_time_s", "observation_tokens_gpt2"], "the tokens of prompts, and all steps but a few of each run"),
    ];

    public string Name => name;

    public ImmutableArray<string> Columns => columns;

    public IWorkload Read(TraceTable table) =>
        throw new FormatException($"{table.File} is of the format {name}. It cannot be simulated: it does not tell {missing}, and nothing published could stand for them.");
}
