using Pharos.Bench.Faults.Running;
using Pharos.Grains.Tools;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Faults;

/// <summary>The tools that the cluster calls. What they say depends on the call alone; how long they take, on the run.</summary>
internal sealed class FaultyTools(Random random, TimeProvider time, Tally tally) : IToolCaller, IToolRegistry
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Dictionary<string, ToolFate> fates = new(StringComparer.Ordinal); // by request

    public IReadOnlyList<ToolDefinition> Tools { get; } = [.. Conversation.Tools.Select(tool => new ToolDefinition(tool.Name, tool.Description, tool.Schema))];

    public bool Slow { get; set; }

    /// <summary>How the tools behave that this request calls.</summary>
    public void Decide(string request, ToolFate fate) => fates[request] = fate;

    public static string Content(string tool, string arguments, ToolFate fate) => fate switch
    {
        ToolFate.Answers => $"{tool} of {arguments}",
        ToolFate.Fails => """{"error": "broken"}""",
        _ => """{"error": "timeout"}""",
    };

    public async Task<ToolResult> CallAsync(ToolCall call, string? secret, CancellationToken ct)
    {
        ToolCallId.TryParse(call.Id, out var request, out _, out _);
        var fate = fates.GetValueOrDefault(request);
        var seconds = await Wait(fate, ct);
        return new ToolResult(call.Id, call.Name, Content(call.Name, call.Arguments, fate), seconds, Failed: fate != ToolFate.Answers);
    }

    private async Task<double> Wait(ToolFate fate, CancellationToken ct)
    {
        var takes = fate == ToolFate.Silent ? Patience : TimeSpan.FromMilliseconds(random.Next(20, 400));
        if (fate != ToolFate.Answers)
            tally.Count(fate == ToolFate.Silent ? FaultKind.ToolSilent : FaultKind.ToolFails);
        if (Slow && fate == ToolFate.Answers)
        {
            tally.Count(FaultKind.ToolSlow);
            takes = TimeSpan.FromSeconds(1 + 10 * random.NextDouble());
        }

        await Task.Delay(takes, time, ct);
        return takes.TotalSeconds;
    }
}
