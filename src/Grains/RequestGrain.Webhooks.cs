using Pharos.Grains.Tools;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// What tools say of their calls by requests of their own.
public sealed partial class RequestGrain
{
    private readonly SortedDictionary<string, TaskCompletionSource<ToolResult>> awaited = new(StringComparer.Ordinal); // by call

    public Task DeferTool(string call, double seconds) => Apply(core.Defer(call, seconds, Now));

    public async Task<ToolWord> BringResult(ToolProof proof, string content, bool failed)
    {
        if (!MaySpeak(proof))
            return core.State.Spec is null ? ToolWord.Unknown : ToolWord.Refused;
        var (word, effects) = core.Bring(proof.Call, content, failed, Now);
        await Apply(effects); // durable before it is acknowledged
        Hand(proof.Call);
        return word;
    }

    public async Task<ToolWord> ToolProgress(ToolProof proof, double? secondsLeft, double? share)
    {
        if (!MaySpeak(proof))
            return core.State.Spec is null ? ToolWord.Unknown : ToolWord.Refused;
        var (word, effects) = core.Progress(proof.Call, secondsLeft, share, Now);
        await Apply(effects);
        return word;
    }

    private bool MaySpeak(ToolProof proof) => core.State.Spec is { } spec
        && (proof.Tenant == spec.Tenant || CallSecrets.Fits(spec.ToolSecret, proof.Call, proof.Secret));

    /// <summary>The result that the tool of a call brings itself, now or later.</summary>
    private Task<ToolResult> Brought(string call)
    {
        if (!awaited.TryGetValue(call, out var coming))
            awaited.Add(call, coming = new TaskCompletionSource<ToolResult>());
        Hand(call);
        return coming.Task;
    }

    private void Hand(string call)
    {
        if (awaited.TryGetValue(call, out var coming) && core.State.Brought.FirstOrDefault(result => result.CallId == call) is { } result)
            coming.TrySetResult(result);
    }

    /// <summary>The tool has taken the call: nobody asks it again, and it has its time.</summary>
    private async Task<ToolResult> Await(ToolCall call, CancellationToken stop)
    {
        var until = core.State.Deferred.First(deferred => deferred.Call == call.Id).Until;
        var brought = Brought(call.Id);
        var left = TimeSpan.FromSeconds(Math.Max(0, until - Now));
        await Task.WhenAny(brought, Task.Delay(left, time, stop));
        stop.ThrowIfCancellationRequested();
        return brought.IsCompleted
            ? await brought
            : new ToolResult(call.Id, call.Name, """{"error": "no result came in time"}""", Now - core.State.PausedAt, Failed: true);
    }
}
