namespace Pharos.Scheduling.Models;

/// <summary>How candidates are chosen.</summary>
/// <param name="MaxDisagreement">Share of a candidate's tokens that may differ from the reference's, with 95 % certainty; (0, 1).</param>
/// <param name="AuditShare">Share of answers that are audited once the shortlist is settled; until then all are.</param>
/// <param name="Shortlist">Candidates beside the reference that are looked at, the most promising first (HELIOS: 3).</param>
/// <param name="ProfileAnswers">Answers that a candidate gives on one worker before others follow (HELIOS: 5).</param>
/// <param name="Hysteresis">What a request must cost less, as a share, for a switch to be thought of.</param>
/// <param name="HorizonSeconds">Time over which a switch must pay for itself.</param>
/// <param name="RestSeconds">A worker is left alone for so long after a switch.</param>
public sealed record SelectorOptions(
    ServiceMode Mode = ServiceMode.Throughput, double MaxDisagreement = 0.01, double AuditShare = 0.05, int Shortlist = 3, int ProfileAnswers = 5,
    double Hysteresis = 0.1, double HorizonSeconds = 60, double RestSeconds = 10);
