using System.Collections.Immutable;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Requests;

/// <summary>What a request wants done; the grain carries effects out in order.</summary>
public abstract record RequestEffect
{
    private RequestEffect()
    {
    }

    /// <summary>Write the state before anything that follows.</summary>
    public sealed record Save : RequestEffect;

    /// <summary>Wait in the pool's queue.</summary>
    public sealed record Enqueue(RequestDescriptor Descriptor) : RequestEffect;

    public sealed record Withdraw : RequestEffect;

    public sealed record Admit(string Worker, SequenceWork Work) : RequestEffect;

    /// <summary>Go on where the cache is; <see cref="RequestCore.NotHere"/> if it is gone.</summary>
    public sealed record Continue(string Worker, ResumeWork Work) : RequestEffect;

    /// <summary>The target fetches the sequence; <see cref="RequestCore.MoveFailed"/> if it does not want it.</summary>
    public sealed record Move(string Target, MigrationOrder Order) : RequestEffect;

    /// <summary>The tools of the pause return in so many seconds: for whoever holds the parked cache.</summary>
    public sealed record Expect(string Worker, int Epoch, double Seconds) : RequestEffect;

    public sealed record Release(string Worker, int Epoch) : RequestEffect;

    public sealed record CallTools(ImmutableArray<ToolCall> Calls) : RequestEffect;

    /// <summary>The pause policy has decided: for the counters.</summary>
    public sealed record Decided(PauseReceipt Receipt) : RequestEffect;

    public sealed record Learn(SegmentOutcome Outcome) : RequestEffect;

    /// <summary>For those who follow the request.</summary>
    public sealed record Notify(RequestNotice Notice) : RequestEffect;

    /// <summary>A copy of the request goes on under another id.</summary>
    public sealed record Fork(string NewRequest, RequestSpec Spec) : RequestEffect;
}
