using Microsoft.Extensions.Logging;
using Pharos.Grains.Metrics;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// What the core wants done, as calls, writes and timers.
public sealed partial class RequestGrain
{
    private async Task Apply(IReadOnlyList<RequestEffect> effects)
    {
        isAhead |= effects.Any(static effect => effect is RequestEffect.Save);
        try
        {
            foreach (var effect in effects)
                await CarryOut(effect);
        }
        finally
        {
            SetAlarm();
        }
    }

    // What is told to the scheduler, and what a worker is to free, is best effort: the scheduler's state is soft, and epochs void the rest.
    private async Task CarryOut(RequestEffect effect)
    {
        switch (effect)
        {
            case RequestEffect.Save: await Save(); break;
            case RequestEffect.Notify: Signal(); break;
            case RequestEffect.Enqueue enqueue: await Enqueue(enqueue); break;
            case RequestEffect.Withdraw: Forget(Scheduler.Withdraw(this.GetPrimaryKeyString())); break;
            case RequestEffect.Admit admit: await Place(admit.Worker, admit.Work.Forecast, worker => worker.Admit(admit.Work)); break;
            case RequestEffect.Continue go: await Place(go.Worker, go.Work.Forecast, worker => worker.Resume(go.Work)); break;
            case RequestEffect.Move move: await Move(move); break;
            case RequestEffect.Release release: Forget(GrainFactory.GetGrain<IWorkerGrain>(release.Worker).Release(this.GetPrimaryKeyString(), release.Epoch)); break;
            case RequestEffect.Expect expect: Forget(GrainFactory.GetGrain<IWorkerGrain>(expect.Worker).Expect(this.GetPrimaryKeyString(), expect.Epoch, expect.Seconds)); break;
            case RequestEffect.Learn learn: Forget(Scheduler.Learn(learn.Outcome)); break;
            case RequestEffect.Decided decided: PauseMetrics.Decided(decided.Receipt, core.State.Spec!.ToolUse); break;
            case RequestEffect.CallTools call: Forget(CallTools(call.Calls)); break;
            case RequestEffect.Fork fork: await GrainFactory.GetGrain<IRequestGrain>(fork.NewRequest).Start(fork.Spec); break;
        }
    }

    // Where the write fails, what is in memory is ahead of what is durable: this activation ends, and the caller's next try finds the last
    // durable state and takes the same step again.
    private async Task Save()
    {
        try
        {
            await storage.WriteStateAsync();
            isAhead = false;
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    private async Task Enqueue(RequestEffect.Enqueue enqueue)
    {
        EnqueueOutcome outcome;
        try
        {
            outcome = await Scheduler.Enqueue(enqueue.Descriptor);
        }
        catch (Exception failure)
        {
            NotDelivered(log, this.GetPrimaryKeyString(), failure); // it asks again within a second
            return;
        }

        if (outcome.Kind != EnqueueKind.Queued)
            await Apply(core.Fail(outcome.Because ?? "refused by the scheduler", Now, outcome.Kind == EnqueueKind.TooLarge, outcome.RetryAfterSeconds));
    }

    private async Task Place(string worker, SegmentForecast forecast, Func<IWorkerGrain, Task<Admission>> ask)
    {
        Admission admission;
        try
        {
            admission = await ask(GrainFactory.GetGrain<IWorkerGrain>(worker));
        }
        catch (Exception failure)
        {
            WorkerUnreachable(log, worker, this.GetPrimaryKeyString(), failure);
            Forget(Scheduler.WorkerLost(worker));
            admission = new Admission(AdmissionKind.Refused, failure.Message);
        }

        await Apply(admission.Kind switch
        {
            AdmissionKind.NotHere => core.NotHere(worker, forecast, Now),
            AdmissionKind.Refused => core.Refused(worker, Now),
            AdmissionKind.TooLarge => core.Fail(admission.Because!, Now, tooLarge: true),
            _ => [],
        });
    }

    private void Signal()
    {
        var done = changed;
        changed = new TaskCompletionSource();
        done.SetResult();
    }

    private void Forget(Task task) => task.Forget(failure => NotDelivered(log, this.GetPrimaryKeyString(), failure));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} does not answer for request {Request}; it goes on elsewhere.")]
    private static partial void WorkerUnreachable(ILogger log, string worker, string request, Exception failure);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A message of request {Request} was not delivered.")]
    private static partial void NotDelivered(ILogger log, string request, Exception failure);
}
