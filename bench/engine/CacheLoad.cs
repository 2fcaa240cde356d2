using Pharos.Scheduling.Batching;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Engine;

/// <summary>One request of the load, and how it was served.</summary>
/// <param name="ArrivesAt">Seconds from the start.</param>
/// <param name="Prompt">Tokens.</param>
/// <param name="Answer">Tokens.</param>
internal sealed record CacheRequest(double ArrivesAt, int Prompt, int Answer)
{
    private double lastAt;
    private int lateGaps;

    public double? FirstAt { get; private set; }

    public int Tokens { get; private set; }

    public void Take(double now, ServiceObjective objective)
    {
        if (FirstAt is null)
            FirstAt = now;
        else if (now - lastAt > objective.TokenGapSeconds)
            lateGaps++;
        lastAt = now;
        Tokens++;
    }

    /// <summary>It got its first token in time, and 99 of 100 of the others.</summary>
    public bool Meets(ServiceObjective objective) => Tokens == Answer && FirstAt - ArrivesAt <= objective.FirstTokenSeconds && lateGaps <= (Tokens - 1) / 100;
}

/// <summary>Chats whose prompts and answers are log-normal, of 90 and 80 tokens in the median and 400 at most.</summary>
internal sealed class ShortChats : IWorkload
{
    public string Name => "short chats";

    public string? Note => null;

    /// <summary>Gamma arrivals of coefficient of variation 4.</summary>
    public static CacheRequest[] Bursts(int count, double rate, int seed) =>
        [.. Arrivals.Of("gamma:4", new ShortChats(), rate, count / rate, seed).Select(arrival => new CacheRequest(arrival.At, arrival.Session.PromptTokens, arrival.Session.Segments[0].CompletionTokens))];

    public Session Draw(Random dice)
    {
        return new Session("chat", Length(90), [new Segment(Length(80), null, 0, 0)]);

        int Length(double median) => (int)Math.Clamp(median * Math.Exp(0.8 * Normal()), 8, 400);

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble());
    }
}
