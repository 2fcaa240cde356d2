using System.Collections.Concurrent;
using Pharos.Grains.Tools;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

/// <summary>Answers tool calls from a table, behind the real tool grain.</summary>
public sealed class TestTools : IToolCaller
{
    public ConcurrentQueue<ToolCall> Calls { get; } = new();

    public Func<ToolCall, string> Answer { get; set; } = _ => "42";

    /// <summary>Tools answer when it is done.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public async Task<ToolResult> CallAsync(ToolCall call, string? secret, CancellationToken ct)
    {
        Calls.Enqueue(call);
        await Gate;
        return new ToolResult(call.Id, call.Name, Answer(call), 0.25, Failed: false);
    }
}
