using Pharos.Scheduling.Batching;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Engine;

/// <summary>One request of the load, and how it was served.</summary>
/// <param name="ArrivesAt">Seconds from the start.</param>
internal sealed record CacheRequest(double ArrivesAt, Session Session)
{
    private double lastAt;
    private int lateGaps, segment;

    /// <summary>What it generates before it calls a tool, or ends.</summary>
    public Segment Current => Session.Segments[segment];

    /// <summary>Tokens of that segment so far.</summary>
    public int Tokens { get; private set; }

    public bool IsOver => segment == Session.Segments.Length - 1 && Tokens == Current.CompletionTokens;

    public double EndedAt => lastAt;

    public double? FirstAt { get; private set; }

    public void Take(double now, ServiceObjective objective)
    {
        if (FirstAt is null)
            FirstAt = now;
        else if (now - lastAt > objective.TokenGapSeconds)
            lateGaps++;
        lastAt = now;
        Tokens++;
    }

    /// <summary>Its tool has returned.</summary>
    public void GoOn() => (segment, Tokens) = (segment + 1, 0);

    /// <summary>It got its first token in time, and 99 of 100 of the others.</summary>
    public bool Meets(ServiceObjective objective) => FirstAt - ArrivesAt <= objective.FirstTokenSeconds && lateGaps <= (Tokens - 1) / 100;
}

/// <summary>Chats whose prompts and answers are log-normal, of 90 and 80 tokens in the median and 400 at most.</summary>
internal sealed class ShortChats : IWorkload
{
    public string Name => "short chats";

    public string? Note => null;

    /// <summary>Gamma arrivals of coefficient of variation 4.</summary>
    public static CacheRequest[] Bursts(int count, double rate, int seed) =>
        [.. Arrivals.Of("gamma:4", new ShortChats(), rate, count / rate, seed).Select(arrival => new CacheRequest(arrival.At, arrival.Session))];

    public Session Draw(Random dice)
    {
        return new Session("chat", Length(90), [new Segment(Length(80), null, 0, 0)]);

        int Length(double median) => (int)Math.Clamp(median * Math.Exp(0.8 * Normal()), 8, 400);

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble());
    }
}

/// <summary>Chats that call a tool up to four times, each for a second in the median and with a heavy tail; results have 30 tokens in the median.</summary>
internal sealed class ToolChats : IWorkload
{
    private const int MostContext = 480;

    public string Name => "chats with tools";

    public string? Note => null;

    public static CacheRequest[] Stream(int count, double rate, int seed) =>
        [.. Arrivals.Poisson(new ToolChats(), rate, count / rate, seed).Select(arrival => new CacheRequest(arrival.At, arrival.Session))];

    public Session Draw(Random dice)
    {
        int prompt = (int)Draw(100, 0.5, 240), context = prompt, calls = dice.Next(0, 5);
        var segments = new List<Segment>();
        for (int call = 0; call <= calls; call++)
        {
            bool last = call == calls;
            var segment = new Segment((int)Draw(last ? 60 : 25, 0.6, 100), last ? null : "tool", last ? 0 : Draw(1, 1, 20), last ? 0 : (int)Draw(30, 0.5, 80));
            context += segment.CompletionTokens + segment.ReturnedTokens;
            if (context > MostContext)
            {
                segments.Add(segment with { CompletionTokens = 8, Tool = null, ToolSeconds = 0, ReturnedTokens = 0 });
                break;
            }
            segments.Add(segment);
        }
        return new Session("chat", prompt, [.. segments]);

        double Draw(double median, double sigma, double most) => Math.Min(most, median * Math.Exp(sigma * Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble())));
    }
}
