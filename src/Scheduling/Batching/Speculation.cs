using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Batching;

/// <summary>
/// How many guessed tokens a decoding sequence has verified in an iteration (speculative decoding: Leviathan et al. 2023; the guesses are looked up
/// in the context: Saxena 2023). Verifying is exact, so this decides about speed alone.
/// </summary>
public static class Speculation
{
    /// <summary>Share of guesses that is expected to hold before any was verified.</summary>
    public const double PriorAcceptance = 0.5;

    private const double Memory = 8; // guesses after which experience weighs as much as what was believed before
    private const double Forgetting = 0.01; // so that a sequence that guessed badly is tried again

    /// <summary>
    /// The i-th guess holds with probability p^i. It costs a, the time of one more token, and brings p^i tokens, each worth what the batch pays for a
    /// token: T / n. So the longest i is taken for which p^i * T / n > a. Small batches, bound by the memory's bandwidth, guess far; large ones, bound
    /// by arithmetic, only what is nearly certain.
    /// </summary>
    /// <param name="sequences">n: sequences that decode.</param>
    /// <param name="iterationSeconds">T: time of an iteration without guesses.</param>
    /// <param name="acceptance">p</param>
    /// <param name="offered">Guesses there are.</param>
    public static int Length(DeviceProfile device, int sequences, double iterationSeconds, double acceptance, int offered)
    {
        var threshold = device.SecondsPerToken * sequences / iterationSeconds;
        var length = 0;
        for (var holds = acceptance; length < offered && holds > threshold; holds *= acceptance)
            length++;
        return length;
    }

    /// <summary>What is believed after <paramref name="accepted"/> of <paramref name="drafts"/> guesses held.</summary>
    public static double Learn(double acceptance, int drafts, int accepted)
    {
        if (drafts == 0)
            return acceptance + Forgetting * (PriorAcceptance - acceptance);
        var trials = accepted + (accepted < drafts ? 1 : 0); // those behind the first wrong one say nothing
        return acceptance + trials / (trials + Memory) * ((double)accepted / trials - acceptance);
    }
}
