using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

/// <summary>Stands in for the tool grain of the product: answers at once, from a table.</summary>
public sealed class TestToolGrain(TestTools tools) : Grain, IToolGrain
{
    public async Task<ToolResult> Call(ToolCall call, CancellationToken ct)
    {
        tools.Calls.Enqueue(call);
        await tools.Gate;
        return new ToolResult(call.Id, call.Name, tools.Answer(call), 0.25, Failed: false);
    }
}

public sealed class TestTools
{
    public System.Collections.Concurrent.ConcurrentQueue<ToolCall> Calls { get; } = new();

    public Func<ToolCall, string> Answer { get; set; } = _ => "42";

    /// <summary>Tools answer when it is done.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;
}
