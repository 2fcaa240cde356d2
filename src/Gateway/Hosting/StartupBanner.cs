using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;
using Pharos.Scheduling.Pool;

namespace Pharos.Gateway.Hosting;

/// <summary>After the start: where it listens, what it serves, with whom, and a line to try. Waits a little for the first worker.</summary>
internal sealed partial class StartupBanner(
    IServer server, IHostApplicationLifetime lifetime, PoolView pools, PromptModel model, TimeProvider time, ILogger<StartupBanner> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Started(stoppingToken);
            Console.WriteLine(Text(Url(), model, await Workers(stoppingToken)));
        }
        catch (OperationCanceledException)
        {
            // Stopped before it had started.
        }
        catch (Exception exception) // would stop the host, for a greeting
        {
            LogFailed(exception);
        }
    }

    public static string Text(string url, PromptModel model, IReadOnlyList<WorkerSnapshot> workers)
    {
        var shown = workers.Count == 0 ? "none yet; see /health" : string.Join(", ", workers.Select(worker => $"{worker.Worker} ({worker.Device})"));
        return $$"""

            Pharos listens on {{url}}
              model    {{model.Name}}, context {{model.ContextTokens}} tokens
              workers  {{shown}}
              console  {{url}}/console

            Try it:
              curl -N {{url}}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"{{model.Name}}","stream":true,
                "pharos":{"run_tools":true},"messages":[{"role":"user","content":"What is 127*43+9?"}]}'

            """;
    }

    private async Task Started(CancellationToken ct)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(ct);
    }

    private async Task<IReadOnlyList<WorkerSnapshot>> Workers(CancellationToken ct)
    {
        var begun = time.GetTimestamp();
        var seen = 0;
        while (true)
        {
            var workers = (await pools.TryDescribe(model.Name, ct))?.Workers ?? [];
            var isSettled = workers.Length > 0 && workers.Length == seen; // all of this process open within one period
            if (isSettled || time.GetElapsedTime(begun) > Patience)
                return workers;
            seen = workers.Length;
            await Task.Delay(Period, time, ct);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The start could not be announced; the gateway runs all the same.")]
    private partial void LogFailed(Exception exception);

    private string Url() =>
        server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()?.Replace("[::]", "localhost", StringComparison.Ordinal)
            .Replace("0.0.0.0", "localhost", StringComparison.Ordinal) ?? "(no address)";
}
