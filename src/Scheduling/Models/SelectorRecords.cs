using System.Collections.Immutable;

namespace Pharos.Scheduling.Models;

/// <summary>What an audit found: the same contexts, and what reference and candidate say next. Totals since the device was opened.</summary>
[GenerateSerializer, Alias("pharos.audit-tally")]
public readonly record struct AuditTally([property: Id(0)] string Candidate, [property: Id(1)] long Tokens, [property: Id(2)] long Differing);

/// <summary>What a worker tells of the candidate it runs. Totals since the device was opened.</summary>
/// <param name="BusySeconds">Time of its iterations.</param>
/// <param name="Joules">What they took.</param>
/// <param name="EnergySource"><c>rapl</c>: measured by the processor; <c>model</c>: reckoned from processor time.</param>
/// <param name="Answers">Segments it has ended.</param>
/// <param name="ContextTokens">Tokens of their prompts, all together.</param>
/// <param name="Audits">Of the candidates it compared with the reference.</param>
/// <param name="Switching">The candidate it is about to run; null: none.</param>
[GenerateSerializer, Alias("pharos.candidate-report")]
public sealed record CandidateReport(
    [property: Id(0)] double BusySeconds, [property: Id(1)] double Joules, [property: Id(2)] string EnergySource, [property: Id(3)] long Answers,
    [property: Id(4)] long ContextTokens, [property: Id(5)] ImmutableArray<AuditTally> Audits, [property: Id(6)] string? Switching = null);

/// <summary>A switch that a worker should make, and why.</summary>
public readonly record struct CandidateSwitch(string Worker, string Candidate, string Because);

/// <summary>How a candidate stands, for operators.</summary>
/// <param name="RequestSeconds">What a request of the present mixture costs, by the mode: seconds of a device, seconds until it ends, or joules.</param>
/// <param name="IsMeasured">Of that: from iterations of its own; else reckoned from the reference's.</param>
/// <param name="Bound">With 95 % certainty no larger share of its tokens differs from the reference's.</param>
[GenerateSerializer, Alias("pharos.candidate-state")]
public sealed record CandidateState(
    [property: Id(0)] string Name, [property: Id(1)] int Layers, [property: Id(2)] long Parameters, [property: Id(3)] bool IsReference,
    [property: Id(4)] bool MayServe, [property: Id(5)] double RequestSeconds, [property: Id(6)] bool IsMeasured, [property: Id(7)] double Bound,
    [property: Id(8)] long AuditedTokens, [property: Id(9)] long DifferingTokens, [property: Id(10)] int Workers, [property: Id(11)] long Answers);

/// <summary>The choice among a pool's candidates.</summary>
/// <param name="LastSwitch">Worker, candidate and reason; null: there was none.</param>
[GenerateSerializer, Alias("pharos.model-choice")]
public sealed record ModelChoice(
    [property: Id(0)] string Mode, [property: Id(1)] double MaxDisagreement, [property: Id(2)] ImmutableArray<CandidateState> Candidates,
    [property: Id(3)] long Switches, [property: Id(4)] long Drifts, [property: Id(5)] string? LastSwitch);
