using Pharos.Simulator.Workloads;

namespace Pharos.Cli.Bench;

/// <summary>One request of a load: when it is sent, and how large it is.</summary>
/// <param name="At">Seconds from the start.</param>
/// <param name="PromptTokens">About so many: a word of the prompt counts as one.</param>
/// <param name="MaxTokens">Most tokens of the answer.</param>
internal readonly record struct PlannedRequest(double At, int PromptTokens, int MaxTokens);

/// <summary>An open-loop load: who comes does not wait for who was there before. The same seed gives the same load.</summary>
internal static class LoadPlan
{
    public const string Arrivals = "poisson, gamma:CV, constant, trace";

    /// <param name="workload">Sizes and, for <c>trace</c>, times; null: all requests are of one size.</param>
    /// <exception cref="ArgumentException">These arrivals are not known, or the workload has no times.</exception>
    public static IReadOnlyList<PlannedRequest> Of(string arrivals, IWorkload? workload, double rate, double seconds, int requests, int seed, int promptTokens, int outputTokens)
    {
        if (requests < 1)
            throw new ArgumentException($"--requests {requests}: at least 1 is expected.");
        if (!(rate > 0 && double.IsFinite(rate)))
            throw new ArgumentException($"--rate {rate}: expected requests a second, above 0.");
        if (promptTokens < 1 || outputTokens < 1)
            throw new ArgumentException($"--prompt-tokens {promptTokens} and --output-tokens {outputTokens}: at least 1 each is expected.");
        var source = workload ?? new RecordedWorkload("fixed", [new Session("fixed", promptTokens, [new Segment(outputTokens, null, 0, 0)])]);
        var times = arrivals == "constant"
            ? Constant(source, rate, seconds, seed)
            : Simulator.Workloads.Arrivals.Of(arrivals, source, rate, seconds, seed);
        return [.. times.Take(requests).Select(arrival => new PlannedRequest(
            arrival.At, Math.Max(1, arrival.Session.PromptTokens), Math.Max(1, arrival.Session.Segments.Sum(segment => segment.CompletionTokens))))];
    }

    private static IEnumerable<Arrival> Constant(IWorkload workload, double rate, double seconds, int seed)
    {
        var dice = new Random(seed);
        for (var i = 0; i / rate < seconds; i++)
            yield return new Arrival(i / rate, workload.Draw(dice));
    }
}
