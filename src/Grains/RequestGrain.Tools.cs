using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Pharos.Grains.Tools;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// Server-side tools: called beside the grain's turns, answered in a turn of their own.
public sealed partial class RequestGrain
{
    // Runs beside the grain's turns: the request can be looked at and cancelled while its tools work.
    private async Task CallTools(ImmutableArray<ToolCall> calls)
    {
        var segmentStart = core.State.SegmentStart;
        ImmutableArray<ToolResult> results;
        using (var stop = toolCalls = new CancellationTokenSource())
        {
            results = [.. await Task.WhenAll(calls.Select(call => CallTool(call, stop.Token)))];
            toolCalls = null;
            awaited.Clear();
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await this.AsReference<IRequestGrain>().ToolsReturned(segmentStart, results); // back into a turn of its own
                return;
            }
            catch (Exception failure) when (attempt < 20)
            {
                NotDelivered(log, this.GetPrimaryKeyString(), failure);
                await Task.Delay(TimeSpan.FromMilliseconds(250), time);
            }
        }
    }

    // A tool's own failures are results. What is caught here is the loss of the silo that was calling it, or of a message: then it is asked
    // again, under the same call id, so that a tool can tell.
    private async Task<ToolResult> CallTool(ToolCall call, CancellationToken stop)
    {
        var tool = GrainFactory.GetGrain<IToolGrain>(call.Name);
        await using var stopped = stop.Register(() => Forget(tool.Cancel(call.Id)));
        var secret = CallSecrets.Of(core.State.Spec!.ToolSecret, call.Id);
        var brought = Brought(call.Id);
        for (var failures = 0; core.State.Deferred.All(deferred => deferred.Call != call.Id);)
        {
            stop.ThrowIfCancellationRequested();
            if (brought.IsCompleted)
                return await brought; // it was quicker than its own answer
            try
            {
                var result = await tool.Call(call, secret);
                if (result is { IsDeferred: false })
                    return result;
                if (result is { Seconds: var seconds })
                    await this.AsReference<IRequestGrain>().DeferTool(call.Id, seconds); // in a turn of its own
                failures = 0;
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                ToolFailed(log, call.Name, this.GetPrimaryKeyString(), ++failures, failure);
                if (failures == 5)
                    return new ToolResult(call.Id, call.Name, """{"error": "tool is not reachable"}""", 0, Failed: true);
                await Task.Delay(TimeSpan.FromMilliseconds(250 * failures), time, stop);
            }
        }

        return await Await(call, stop);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tool {Tool} could not be called for request {Request} (attempt {Attempt}).")]
    private static partial void ToolFailed(ILogger log, string tool, string request, int attempt, Exception failure);
}
