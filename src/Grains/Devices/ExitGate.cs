using System.Diagnostics.Metrics;
using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Models;

namespace Pharos.Grains.Devices;

/// <summary>Which tokens of a device may come from an early exit, and what came of it. Metrics are on the meter <c>Pharos</c>.</summary>
internal sealed class ExitGate(string worker, ExitControl control)
{
    private static readonly Meter Meter = new("Pharos");
    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>("pharos.exit_tokens", description: "Decoded tokens by the number of layers they were taken after.");
    private static readonly Counter<long> Audits = Meter.CreateCounter<long>("pharos.exit_audits", description: "Tokens of early exits for which the full model was asked too, by whether it agreed.");
    private static readonly Gauge<double> Bound = Meter.CreateGauge<double>("pharos.exit_disagreement_bound", description: "With 95 % certainty no larger share of early tokens differs from the full model's.");
    private ulong draws;

    /// <summary>
    /// For the token after the one at a position. A segment's first comes from its prompt, in full; a grammar's or an edited choice is not what an exit is sure of.
    /// </summary>
    public ExitRule RuleFor(ServedSequence sequence, int position) =>
        position < sequence.Slot.SegmentStart || GuidedChooser.Guides(sequence) ? ExitRule.None
        : new ExitRule((float)control.Threshold, control.Use(CounterRandom.Uniform(0, draws++)));

    /// <summary>What a row that had a rule gave.</summary>
    public void Observe(ExitReport report)
    {
        Tokens.Add(1, new KeyValuePair<string, object?>("depth", report.Depth));
        if (report.Agrees is not { } agrees)
            return;
        Audits.Add(1, new KeyValuePair<string, object?>("agrees", agrees ? "true" : "false"));
        control.Observe(agrees);
        Bound.Record(control.DisagreementBound, new KeyValuePair<string, object?>("worker", worker));
    }
}
