using System.Collections.Immutable;

namespace Pharos.Scheduling.Requests;

/// <summary>What calls of a segment must be like. Tokens are chosen so that they are.</summary>
/// <param name="Required">The segment consists of calls.</param>
/// <param name="Parallel">It may make several.</param>
/// <param name="Tools">Those that may be called.</param>
/// <param name="Only">Where required: the names that may be called in this segment; empty: all of <paramref name="Tools"/>.</param>
[GenerateSerializer, Alias("pharos.call-rules")]
public sealed record CallRules(
    [property: Id(0)] bool Required, [property: Id(1)] bool Parallel, [property: Id(2)] ImmutableArray<CallableTool> Tools, [property: Id(3)] ImmutableArray<string> Only)
{
    /// <summary>For the segments after the tools of the first: a call that was asked for has been made.</summary>
    public CallRules Later() => this with { Required = false, Only = [] };
}

/// <param name="Schema">JSON schema of the arguments, as text; null: any object.</param>
[GenerateSerializer, Alias("pharos.callable-tool")]
public sealed record CallableTool([property: Id(0)] string Name, [property: Id(1)] string? Schema);
