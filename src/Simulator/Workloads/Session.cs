using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads;

/// <summary>One stretch of generation and the tool call that ends it.</summary>
/// <param name="CompletionTokens">Tokens generated, at least one.</param>
/// <param name="Tool">Kind of the tool called at its end; null for the last segment.</param>
/// <param name="ToolSeconds">How long the call takes.</param>
/// <param name="ReturnedTokens">Tokens its result adds to the context.</param>
public sealed record Segment(int CompletionTokens, string? Tool, double ToolSeconds, int ReturnedTokens);

/// <summary>What one request will do: its prompt, and segments of which all but the last end in a tool call.</summary>
public sealed record Session(string Class, int PromptTokens, ImmutableArray<Segment> Segments)
{
    /// <summary>Context when the last token is out: what a device must be able to hold.</summary>
    public int MostContextTokens { get; } = PromptTokens + Segments.Sum(segment => segment.CompletionTokens + segment.ReturnedTokens);

    /// <summary>All its tools together; no scheduler can be faster.</summary>
    public double ToolSeconds { get; } = Segments.Sum(segment => segment.ToolSeconds);
}

/// <summary>Where sessions come from.</summary>
public interface IWorkload
{
    string Name { get; }

    /// <summary>What a reader of the results should know of it; null where there is nothing.</summary>
    string? Note { get; }

    /// <summary>The next session; all chance comes from <paramref name="dice"/>.</summary>
    Session Draw(Random dice);
}

/// <summary>Recorded sessions, drawn with replacement.</summary>
public sealed class RecordedWorkload(string name, IReadOnlyList<Session> sessions) : IWorkload
{
    public string Name => name;

    public string? Note { get; init; }

    public IReadOnlyList<Session> Sessions => sessions;

    public Session Draw(Random dice) => sessions[dice.Next(sessions.Count)];
}

/// <summary>Sessions that have times of their own.</summary>
public interface ITimedWorkload : IWorkload
{
    /// <summary>Sessions at their recorded times, from the first one on for <paramref name="seconds"/>.</summary>
    IReadOnlyList<Arrival> Recorded(double seconds, Random dice);
}

/// <summary>Recorded sessions with recorded arrivals.</summary>
/// <param name="arrivals">In order of time, the first at 0.</param>
public sealed class TimedWorkload(string name, IReadOnlyList<Arrival> arrivals) : ITimedWorkload
{
    public string Name => name;

    public string? Note { get; init; }

    public Session Draw(Random dice) => arrivals[dice.Next(arrivals.Count)].Session;

    public IReadOnlyList<Arrival> Recorded(double seconds, Random dice) => [.. arrivals.TakeWhile(arrival => arrival.At < seconds)];
}
