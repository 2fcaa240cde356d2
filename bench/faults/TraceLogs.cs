using Microsoft.Extensions.Logging;

namespace Pharos.Bench.Faults;

/// <summary>What the cluster logs, among the steps of a traced seed.</summary>
internal sealed class TraceLogs : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Console.WriteLine($"          {logLevel}: {formatter(state, exception)} {exception?.Message}");

    public void Dispose()
    {
    }
}
