using System.Diagnostics;

namespace Pharos.Grains.Tracing;

/// <summary>
/// Spans of Pharos. The context travels in the messages (<c>Trace</c>, W3C's <c>traceparent</c>), not with the calls: a turn may be given in the course of another
/// request's call, and a tool's result may come an hour later. Nobody listening costs nothing.
/// </summary>
public static class PharosTrace
{
    public const string Name = "Pharos";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>What messages carry, of the span that is open here; null where none is.</summary>
    public static string? Current => Source.HasListeners() && Activity.Current is { IdFormat: ActivityIdFormat.W3C } span ? span.Id : null;

    /// <summary>Opens a span below the one that is open here, if any.</summary>
    public static Activity? Begin(string name) => Source.StartActivity(name);

    /// <summary>Opens a span below <paramref name="parent"/>, as a message brought it; none where that is null.</summary>
    public static Activity? Begin(string name, string? parent, ActivityKind kind = ActivityKind.Internal) =>
        ActivityContext.TryParse(parent, null, isRemote: true, out var context) ? Source.StartActivity(name, kind, context) : null;

    /// <summary>Tells of something that is over.</summary>
    /// <param name="parent">As <see cref="Current"/> gave it; null: nobody traces this request.</param>
    /// <param name="from">Unix seconds.</param>
    /// <param name="to">Unix seconds.</param>
    public static void Span(string name, string? parent, double from, double to, params ReadOnlySpan<(string Key, object? Value)> tags)
    {
        if (parent is null || !Source.HasListeners() || !ActivityContext.TryParse(parent, null, isRemote: true, out var context))
            return;
        using var span = Source.StartActivity(name, ActivityKind.Internal, context, startTime: Moment(from));
        foreach (var (key, value) in tags)
            span?.SetTag(key, value);
        span?.SetEndTime(Moment(Math.Max(from, to)).UtcDateTime);
    }

    private static DateTimeOffset Moment(double unixSeconds) => DateTimeOffset.UnixEpoch.AddSeconds(unixSeconds);
}
