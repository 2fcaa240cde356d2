using System.Collections.Immutable;

namespace Pharos.Scheduling.Pausing;

/// <summary>What happens to a sequence's KV cache while its tool runs.</summary>
[GenerateSerializer, Alias("pharos.pause-action")]
public enum PauseAction
{
    /// <summary>Stays on the device: a lease until memory is needed, never a lock.</summary>
    Preserve,

    /// <summary>Copied to the host tier, and back when the tool returns.</summary>
    Swap,

    /// <summary>Freed; the context is computed again when the tool returns.</summary>
    Discard,
}

/// <summary>What each choice is expected to waste, in token-seconds (INFERCEPT 2402.01869, section 4; LAMPS 2410.18248).</summary>
[GenerateSerializer, Alias("pharos.pause-prices")]
public readonly record struct PausePrices(
    [property: Id(0)] double Preserve, [property: Id(1)] double Swap, [property: Id(2)] double Discard)
{
    public double Of(PauseAction action) => action switch
    {
        PauseAction.Preserve => Preserve,
        PauseAction.Swap => Swap,
        _ => Discard,
    };
}

/// <summary>A later change of mind: memory was needed, or the wait grew.</summary>
[GenerateSerializer, Alias("pharos.pause-revision")]
public sealed record PauseRevision([property: Id(0)] double At, [property: Id(1)] PauseAction Decision, [property: Id(2)] string Because);

/// <summary>The record of one decision: what was known, what each choice would cost, what was chosen, and what it turned out to be worth.</summary>
/// <param name="At">Seconds since the request arrived.</param>
/// <param name="PredictedP50">Predicted tool duration in seconds, median.</param>
/// <param name="ActualSeconds">Null while the tool runs.</param>
/// <param name="WasteTokenSeconds">What the pause wasted, revisions included; 0 while unknown.</param>
/// <param name="RegretTokenSeconds">Waste of the choice minus waste of the best choice in hindsight; 0 while unknown.</param>
[GenerateSerializer, Alias("pharos.pause-receipt")]
public sealed record PauseReceipt(
    [property: Id(0)] string Call,
    [property: Id(1)] string Tool,
    [property: Id(2)] double At,
    [property: Id(3)] double PredictedP50,
    [property: Id(4)] double PredictedP90,
    [property: Id(5)] int ContextTokens,
    [property: Id(6)] PausePrices Prices,
    [property: Id(7)] PauseAction Decision,
    [property: Id(8)] string Until,
    [property: Id(9)] double? ActualSeconds,
    [property: Id(10)] double RegretTokenSeconds,
    [property: Id(11)] ImmutableArray<PauseRevision> Revisions,
    [property: Id(12)] double WasteTokenSeconds = 0);
