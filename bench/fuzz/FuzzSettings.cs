namespace Pharos.Bench.Fuzz;

/// <summary>A gateway that answers at once and forgets soon.</summary>
internal static class FuzzSettings
{
    /// <summary>Of the section <c>Pharos</c>.</summary>
    public static string[] Settings { get; } =
    [
        "Workers=1", "Backend=simulated", "Simulated:TokensPerSecond=0", "Simulated:MinTokens=3", "Simulated:MaxTokens=12", "DemoTools:Latency=none",
        "ParkedRetention=00:00:01", "FinishedRetention=00:00:01", "ResponseRetention=00:00:01",
    ];

    public static string[] Arguments { get; } = [.. Settings.Select(setting => "--Pharos:" + setting), "--Logging:LogLevel:Default", "Error"];
}
