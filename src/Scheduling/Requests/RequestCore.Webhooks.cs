namespace Pharos.Scheduling.Requests;

/// <summary>What became of a result, or of a word about one, that a tool brought itself.</summary>
[GenerateSerializer, Alias("pharos.tool-word")]
public enum ToolWord
{
    /// <summary>Taken.</summary>
    Accepted,

    /// <summary>This call's result was taken before; that one counts.</summary>
    Repeated,

    /// <summary>The call is known, but nobody waits for it any more.</summary>
    Late,

    /// <summary>The client runs this tool: the result comes with its next request.</summary>
    OfClient,

    /// <summary>No such call is known.</summary>
    Unknown,

    /// <summary>Whoever brought it could not prove that it is his.</summary>
    Refused,
}

// Server-side tools that answer later, by a request of their own.
public sealed partial class RequestCore
{
    /// <summary>A tool has taken a call and will bring the result itself. Durable: after a loss it is waited for and not called again.</summary>
    public IReadOnlyList<RequestEffect> Defer(string call, double seconds, double now)
    {
        if (state.Phase != RequestPhase.CallingTools || NameOf(call) is not { } name || state.Deferred.Any(known => known.Call == call))
            return Nothing;
        state.Deferred = state.Deferred.Add(new DeferredCall(call, now + seconds));
        Record($"{name} answers later", null, state.Tokens.Length, now);
        return [new RequestEffect.Save()];
    }

    /// <summary>The result of a call, brought by its tool. Idempotent; the first that came counts.</summary>
    public (ToolWord Word, IReadOnlyList<RequestEffect> Effects) Bring(string call, string content, bool failed, double now)
    {
        var standing = StandingOf(call);
        if (standing != ToolWord.Accepted)
            return (standing, Nothing);
        if (state.Phase != RequestPhase.CallingTools)
            return (ToolWord.OfClient, Nothing);
        state.Brought = state.Brought.Add(new ToolResult(call, NameOf(call)!, content, now - state.PausedAt, failed));
        return (ToolWord.Accepted, [new RequestEffect.Save()]);
    }

    /// <summary>How much of a call is done: the rest is expected to take as long in proportion. Nothing follows of a share of 0.</summary>
    public (ToolWord Word, IReadOnlyList<RequestEffect> Effects) Progress(string call, double? secondsLeft, double? share, double now)
    {
        var standing = StandingOf(call);
        if (standing != ToolWord.Accepted)
            return (standing, Nothing);
        var left = secondsLeft ?? (share > 0 ? (now - state.PausedAt) * (1 - share.Value) / share.Value : null);
        return (ToolWord.Accepted, left is { } seconds ? ExpectTool(call, seconds, now).Effects : Nothing);
    }

    /// <summary>Accepted where it is waited for, by the cluster or by the client.</summary>
    private ToolWord StandingOf(string call) =>
        state.Brought.Any(known => known.CallId == call) ? ToolWord.Repeated
        : state.Phase is RequestPhase.CallingTools or RequestPhase.Parked && NameOf(call) is not null ? ToolWord.Accepted
        : state.Pauses.Any(pause => pause.Calls.Any(known => known.Id == call)) ? ToolWord.Late
        : ToolWord.Unknown;

    private string? NameOf(string call) => state.Calls.FirstOrDefault(known => known.Id == call)?.Name;
}
