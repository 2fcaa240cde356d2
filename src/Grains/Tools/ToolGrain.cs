using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tools;

/// <summary>
/// One server-side tool, its key being the tool's name. The cluster has one activation a tool, so the limits of the pipeline that
/// stands behind it (concurrency, circuit breaker) hold for the whole cluster; calls overlap.
/// </summary>
public sealed class ToolGrain(IToolCaller caller) : Grain, IToolGrain
{
    public Task<ToolResult> Call(ToolCall call, CancellationToken ct) =>
        caller.CallAsync(call with { Name = this.GetPrimaryKeyString() }, ct);
}
