namespace Pharos.Scheduling.Batching;

/// <summary>What a client may expect (service-level objective, SLO).</summary>
/// <param name="FirstTokenSeconds">TTFT: arrival of a segment to its first token.</param>
/// <param name="TokenGapSeconds">ITL: the 99th percentile of the gaps between its tokens.</param>
[GenerateSerializer, Alias("pharos.service-objective")]
public sealed record ServiceObjective([property: Id(0)] double FirstTokenSeconds, [property: Id(1)] double TokenGapSeconds)
{
    /// <summary>Of chat: one second each, as Apt-Serve (arXiv 2504.07494) has it.</summary>
    public static ServiceObjective Chat { get; } = new(1, 1);
}
