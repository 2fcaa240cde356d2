using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tools;

/// <summary>
/// One server-side tool, its key being the tool's name. The cluster has one activation a tool, so the limits of the pipeline that
/// stands behind it (concurrency, circuit breaker) hold for the whole cluster; calls overlap.
/// </summary>
public sealed class ToolGrain(IToolCaller caller, TimeProvider time) : Grain, IToolGrain
{
    /// <summary>How long one question waits for the result: well within a message's timeout, so that a lost one is soon asked again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>A call nobody asked for so long is stopped; its result, should the answer have been lost, is kept for as long.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly SortedDictionary<string, RunningCall> calls = new(StringComparer.Ordinal); // by id

    public override Task OnActivateAsync(CancellationToken ct)
    {
        this.RegisterGrainTimer(_ => Sweep(), Lease, Lease / 3);
        return Task.CompletedTask;
    }

    public async Task<ToolResult?> Call(ToolCall call, string? secret)
    {
        if (!calls.TryGetValue(call.Id, out var running))
            calls.Add(call.Id, running = Start(call, secret));
        running.AskedAt = time.GetTimestamp();
        await Task.WhenAny(running.Result, Task.Delay(Patience, time));
        return running.Result.IsCompleted ? await running.Result : null;
    }

    public Task Cancel(string call)
    {
        if (calls.Remove(call, out var running))
            running.Stop.Cancel();
        return Task.CompletedTask;
    }

    private RunningCall Start(ToolCall call, string? secret)
    {
        var stop = new CancellationTokenSource();
        return new RunningCall(caller.CallAsync(call with { Name = this.GetPrimaryKeyString() }, secret, stop.Token), stop);
    }

    private Task Sweep()
    {
        foreach (var forgotten in calls.Where(call => time.GetElapsedTime(call.Value.AskedAt) > Lease).Select(call => call.Key).ToList())
            Cancel(forgotten);
        return Task.CompletedTask;
    }

    private sealed record RunningCall(Task<ToolResult> Result, CancellationTokenSource Stop)
    {
        public long AskedAt { get; set; }
    }
}
