using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// What happens when nothing happens for too long.
public sealed partial class RequestGrain
{
    /// <summary>How often a placed request asks after itself; twice in vain and it is lost.</summary>
    private static readonly TimeSpan WorkerCheck = TimeSpan.FromSeconds(3);

    private int missed;

    // One timer, for what the present phase may have to wait for too long.
    private void SetAlarm()
    {
        var phase = core.State.Phase;
        if (alarmFor == phase)
            return;
        alarm?.Dispose();
        alarmFor = phase;
        missed = 0;
        if (core.IsOver)
            toolCalls?.Cancel(); // nobody waits for their results any more
        alarm = phase switch
        {
            RequestPhase.None => Alarm(TimeSpan.FromSeconds(1), Retire), // asked about an id that nobody knows
            // Says again that it waits: a scheduler that lost its memory is whole again within two periods.
            RequestPhase.Queued => this.RegisterGrainTimer(UnlessEnded(AskAgain), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)),
            RequestPhase.Placed => this.RegisterGrainTimer(UnlessEnded(LookAfter), new GrainTimerCreationOptions(WorkerCheck, WorkerCheck) { Interleave = true }),
            RequestPhase.CallingTools => this.RegisterGrainTimer(UnlessEnded(GiveUpUnread), FollowLease, FollowLease / 6),
            RequestPhase.Parked => Alarm(TimeSpan.FromSeconds(core.State.PausedAt - Now) + options.Value.ParkedRetention, Expire),
            RequestPhase.Failed when core.State.RetryAfterSeconds is not null => Alarm(TimeSpan.FromSeconds(1), Retire), // shed: there may be very many
            RequestPhase.Finished or RequestPhase.Failed or RequestPhase.Cancelled => Alarm(options.Value.FinishedRetention, Retire),
            _ => null,
        };
    }

    // Rings again until it was heeded: the store may fail just then.
    private IGrainTimer Alarm(TimeSpan due, Func<CancellationToken, Task> then) =>
        this.RegisterGrainTimer(UnlessEnded(then), due > TimeSpan.Zero ? due : TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10));

    // A tick that had to wait for a turn comes even where that turn has ended its timer: a start that took the store a second would be forgotten.
    private static Func<CancellationToken, Task> UnlessEnded(Func<CancellationToken, Task> then) => ct => ct.IsCancellationRequested ? Task.CompletedTask : then(ct);

    private Task AskAgain(CancellationToken ct) =>
        IsUnread ? GiveUpUnread(ct)
        : core.Descriptor(Now) is { } descriptor ? Apply([new RequestEffect.Enqueue(descriptor)])
        : Task.CompletedTask;

    // A device that was opened anew, between a placing and the first report of it, has forgotten it, and nobody else knows. Runs beside the
    // grain's turns, since the worker may be slow to answer; what follows is a turn of its own.
    private async Task LookAfter(CancellationToken ct)
    {
        var self = this.AsReference<IRequestGrain>();
        var (worker, epoch) = (core.State.Worker, core.State.Epoch);
        try
        {
            missed = await GrainFactory.GetGrain<IWorkerGrain>(worker!).Holds(this.GetPrimaryKeyString(), epoch) ? 0 : missed + 1;
        }
        catch (Exception failure)
        {
            NotDelivered(log, this.GetPrimaryKeyString(), failure); // its gateway or its scheduler misses it too
        }

        if (core.State.Phase != RequestPhase.Placed || core.State.Epoch != epoch)
            return;
        if (IsUnread)
            Forget(self.Cancel("nobody reads its answer"));
        else if (missed >= 2)
            Forget(self.WorkerLost(worker!, epoch, [], byReader: false));
    }

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
