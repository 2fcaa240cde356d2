using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pharos.Grains.Metrics;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tools;

/// <summary>Calls registered tools, each through its own <see cref="ToolPipeline"/>, and turns whatever happens into a result.</summary>
public sealed partial class ToolCaller(
    ToolRegistry registry, ToolTransport transport, ToolMetrics metrics, TimeProvider time, ILogger<ToolCaller> log) : IToolCaller
{
    // By the registration itself: a tool that is registered anew gets a new pipeline.
    private readonly ConcurrentDictionary<RegisteredTool, Lazy<ToolPipeline>> pipelines = new(ReferenceEqualityComparer.Instance);

    public async Task<ToolResult> CallAsync(ToolCall call, string? secret, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var started = time.GetTimestamp();
        var tool = registry.Find(call.Name);
        var reply = await ReplyAsync(tool, call, secret, ct).ConfigureAwait(false); // I/O runs off the grain's turn
        var seconds = time.GetElapsedTime(started).TotalSeconds;
        metrics.Called(tool?.Definition.Name, reply.Outcome, seconds);
        if (reply.Failed)
            LogFailed(call.Id, call.Name, reply.Outcome, reply.Content, seconds);
        return reply.Outcome == ToolOutcome.Deferred
            ? new ToolResult(call.Id, call.Name, "", tool!.CallbackTimeout.TotalSeconds, Failed: false, IsDeferred: true)
            : new ToolResult(call.Id, call.Name, reply.Text, seconds, reply.Failed);
    }

    private async Task<ToolReply> ReplyAsync(RegisteredTool? tool, ToolCall call, string? secret, CancellationToken ct)
    {
        if (tool is null)
            return ToolReply.Fail(ToolOutcome.UnknownTool, Unknown(call.Name));
        if (!IsObject(call.Arguments))
            return ToolReply.Fail(ToolOutcome.BadArguments, "arguments must be a JSON object");
        foreach (var gone in pipelines.Keys.Where(known => !ReferenceEquals(registry.Find(known.Definition.Name), known)).OrderBy(known => known.Definition.Name, StringComparer.Ordinal))
            pipelines.TryRemove(gone, out _); // calls under way keep theirs
        var pipeline = pipelines.GetOrAdd(tool, t => new(() => new ToolPipeline(t, transport.For(t.AllowPrivateNetwork), time)));
        return await pipeline.Value.SendAsync(call.Id, secret, call.Arguments, ct).ConfigureAwait(false);
    }

    private string Unknown(string name)
    {
        var known = string.Join(", ", registry.Tools.Select(tool => tool.Name));
        return known.Length == 0 ? $"unknown tool {name}; no tools are registered" : $"unknown tool {name}; known tools: {known}";
    }

    private static bool IsObject(string arguments)
    {
        try
        {
            using var json = JsonDocument.Parse(arguments);
            return json.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Tool call {Call} of '{Tool}' failed after {Seconds:0.000} s: {Outcome}, {Because}")]
    private partial void LogFailed(string call, string tool, ToolOutcome outcome, string because, double seconds);
}
