using System.Collections.Immutable;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Grammar;

/// <summary>What a segment may say.</summary>
/// <param name="Schema">JSON schema of an answer; null: any text.</param>
/// <param name="Calls">What may be called instead.</param>
public sealed record SegmentRules(string? Schema, CallRules Calls)
{
    /// <summary>Null where anything may be said.</summary>
    /// <param name="offered">Names of the tools offered; none where calls are text.</param>
    public static SegmentRules? Of(GenerationOptions options, ImmutableArray<string> offered) => options switch
    {
        { Schema: null, Calls: null } => null,
        { Calls: { } calls } => new SegmentRules(options.Schema, calls),
        _ => new SegmentRules(options.Schema, new CallRules(Required: false, Parallel: true, [.. offered.Select(name => new CallableTool(name, null))], [])),
    };

    /// <summary>Those that may be called in this segment.</summary>
    internal IReadOnlyList<CallableTool> Callable => Calls.Only.IsEmpty ? Calls.Tools : [.. Calls.Tools.Where(tool => Calls.Only.Contains(tool.Name))];

    /// <summary>Equal for equal rules.</summary>
    internal string Key => string.Join(
        '\n', [.. Callable.Select(tool => $"{tool.Name} {tool.Schema?.Length} {tool.Schema}"), $"{Calls.Required} {Calls.Parallel}", Schema ?? ""]);
}
