using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Costs;

/// <summary>
/// Areas under a request's memory curve, in token-seconds (LAMPS, arXiv 2410.18248, memory-over-time ranking). Under discard and
/// swap a tool's own time costs nothing: that separates the order from shortest-job-first.
/// </summary>
public static class MemoryTime
{
    /// <summary>
    /// S_pre = Tf(p) * p/2 + d * (p * L + L^2/2): prefill ramps from what is cached to the whole context, decoding adds a token an iteration.
    /// </summary>
    /// <param name="contextTokens">p: tokens to hold before the first new one.</param>
    /// <param name="cachedTokens">Of these, already in the cache: held from the start and not computed again.</param>
    public static double BeforePause(DeviceProfile device, double contextTokens, double cachedTokens, Estimate tokens)
    {
        var missing = Math.Max(0, contextTokens - cachedTokens);
        return device.PrefillSeconds(missing) * (cachedTokens + missing / 2)
             + device.DecodeSeconds * (contextTokens * tokens.Mean + tokens.MeanSquare / 2);
    }

    /// <summary>S_post = Tf(r) * (C + r/2) + d * ((C + r) * Q + Q^2/2).</summary>
    /// <param name="context">C: tokens at the pause.</param>
    /// <param name="returned">r: tokens the tool adds.</param>
    public static double AfterPause(DeviceProfile device, double context, double returned, Estimate tokensAfter) =>
        device.PrefillSeconds(returned) * (context + returned / 2)
        + device.DecodeSeconds * ((context + returned) * tokensAfter.Mean + tokensAfter.MeanSquare / 2);

    /// <summary>
    /// All that follows the call, later calls included: S_post over the tokens of all later segments, whose context grows by what their tools
    /// return. Tools cost nothing: a cache that waits is worth no more than its reload.
    /// </summary>
    public static double AfterCall(DeviceProfile device, double context, SegmentForecast forecast)
    {
        var (returned, later, tokens) = (forecast.ReturnTokens, forecast.After, forecast.TokensAfter);
        var growth = later.Segments > 0 ? later.Growth : tokens.MeanSquare / 2;
        return device.PrefillSeconds(returned) * (context + returned / 2) + device.PrefillSeconds(later.ReturnTokens) * (context + returned)
             + device.DecodeSeconds * ((context + returned) * tokens.Mean + growth);
    }

    /// <summary>What the pause itself holds: preserve C*T, discard Tf(C)*C/2, swap C*Tsw(C).</summary>
    public static double DuringPause(DeviceProfile device, PauseAction action, double context, double toolSeconds) => action switch
    {
        PauseAction.Preserve => context * toolSeconds,
        PauseAction.Swap => context * device.SwapSeconds(context),
        _ => device.PrefillSeconds(context) * context / 2,
    };

    /// <summary>
    /// What each choice wastes (INFERCEPT 2402.01869, section 4): preserve T*C; discard Tf(C)*C/2 plus what the recomputation makes the rest
    /// of the batch hold, n * Tf(C/n) * C_other; swap 2 * Tsw(C) * C_batch.
    /// </summary>
    /// <param name="otherTokens">C_other: KV tokens of the rest of the batch.</param>
    public static PausePrices Waste(DeviceProfile device, double context, double otherTokens, double toolSeconds)
    {
        var recompute = device.PrefillSeconds(context);
        return new PausePrices(
            Preserve: toolSeconds * context,
            Swap: 2 * device.SwapSeconds(context) * (context + otherTokens),
            Discard: recompute * context / 2 + recompute * otherTokens);
    }
}
