using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>Requests without tools by arrival time and lengths (Azure LLM inference trace).</summary>
internal sealed class TimedLengthsFormat : ITraceFormat
{
    public string Name => "lengths with arrivals";

    public ImmutableArray<string> Columns { get; } = ["t_s", "input_tokens", "output_tokens"];

    public IWorkload Read(TraceTable table) => PlainRequests.Workload(
        table, row => row.Seconds("t_s"), "input_tokens", "output_tokens");
}

/// <summary>Requests without tools by their lengths alone (ShareGPT, arXiv summarization).</summary>
internal sealed class LengthsFormat : ITraceFormat
{
    public string Name => "lengths";

    public ImmutableArray<string> Columns { get; } = ["input_tokens", "output_tokens"];

    public IWorkload Read(TraceTable table) => PlainRequests.Workload(table, null, "input_tokens", "output_tokens");
}

/// <summary>
/// Requests without tools as JSON lines, times in milliseconds (Mooncake). Which blocks of the prompt are shared with earlier requests
/// (<c>hash_ids</c>) is not used: the simulated workers share no prefixes.
/// </summary>
internal sealed class MooncakeFormat : ITraceFormat
{
    public string Name => "lengths with arrivals in milliseconds";

    public ImmutableArray<string> Columns { get; } = ["timestamp", "input_length", "output_length"];

    public IWorkload Read(TraceTable table) => PlainRequests.Workload(
        table, row => row.Number("timestamp", "milliseconds") / 1000, "input_length", "output_length",
        table.Has("hash_ids") ? "shared prefixes (hash_ids) are not used" : null);
}

internal static class PlainRequests
{
    /// <summary>A session of one segment a row. Where nothing was generated one token is: a request has an end.</summary>
    public static IWorkload Workload(TraceTable table, Func<TraceRow, double>? time, string input, string output, string? note = null)
    {
        var sessions = new List<Session>();
        var times = time is null ? null : new List<double>();
        foreach (var row in table.Rows())
        {
            sessions.Add(new Session("plain", Math.Max(1, row.Whole(input, 0)), [new Segment(Math.Max(1, row.Whole(output, 0)), null, 0, 0)]));
            if (times is null)
                continue;
            times.Add(time!(row));
            if (times is [.., var before, var at] && at < before)
                throw row.Bad("time", $"expected times in ascending order, came {at} after {before}");
        }

        if (sessions.Count == 0)
            throw new FormatException($"{table.File} holds no request.");
        return times is null
            ? new RecordedWorkload(table.File, sessions) { Note = note }
            : new TimedWorkload(table.File, [.. sessions.Zip(times, (session, at) => new Arrival(at - times[0], session))]) { Note = note };
    }
}
