using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// What happens when nothing happens for too long.
public sealed partial class RequestGrain
{
    // One timer, for what the present phase may have to wait for too long.
    private void SetAlarm()
    {
        var phase = core.State.Phase;
        if (alarmFor == phase)
            return;
        alarm?.Dispose();
        alarmFor = phase;
        if (core.IsOver)
            toolCalls?.Cancel(); // nobody waits for their results any more
        alarm = phase switch
        {
            RequestPhase.None => Alarm(TimeSpan.FromSeconds(1), Retire), // asked about an id that nobody knows
            // Says again that it waits: a scheduler that lost its memory is whole again within two periods.
            RequestPhase.Queued => this.RegisterGrainTimer(AskAgain, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
            RequestPhase.Placed or RequestPhase.CallingTools => this.RegisterGrainTimer(GiveUpUnread, FollowLease, FollowLease / 6),
            RequestPhase.Parked => Alarm(TimeSpan.FromSeconds(core.State.PausedAt - Now) + options.Value.ParkedRetention, Expire),
            RequestPhase.Finished or RequestPhase.Failed or RequestPhase.Cancelled => Alarm(options.Value.FinishedRetention, Retire),
            _ => null,
        };
    }

    // Rings again until it was heeded: the store may fail just then.
    private IGrainTimer Alarm(TimeSpan due, Func<CancellationToken, Task> then) =>
        this.RegisterGrainTimer(then, due > TimeSpan.Zero ? due : TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10));

    private Task AskAgain(CancellationToken ct) =>
        IsUnread ? GiveUpUnread(ct)
        : core.Descriptor(Now) is { } descriptor ? Apply([new RequestEffect.Enqueue(descriptor)])
        : Task.CompletedTask;

    // Whoever asked for it is gone, or never heard that it was accepted and asks anew.
    private Task GiveUpUnread(CancellationToken ct) => IsUnread ? Apply(core.Cancel("nobody reads its answer", Now)) : Task.CompletedTask;

    private bool IsUnread => Now - followedAt >= FollowLease.TotalSeconds;

    private Task Expire(CancellationToken ct) => Apply(core.Cancel("no tool result came within the retention time", Now));

    private async Task Retire(CancellationToken ct)
    {
        if (storage.RecordExists)
            await storage.ClearStateAsync(ct);
        DeactivateOnIdle();
    }
}
