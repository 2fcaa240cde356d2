using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// What the core wants done, as calls, writes and timers.
public sealed partial class RequestGrain
{
    private async Task Apply(IReadOnlyList<RequestEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case RequestEffect.Save: await storage.WriteStateAsync(); break;
                case RequestEffect.Notify: Signal(); break;
                case RequestEffect.Enqueue enqueue: await Enqueue(enqueue); break;
                case RequestEffect.Withdraw: await Scheduler.Withdraw(this.GetPrimaryKeyString()); break;
                case RequestEffect.Admit admit: await Place(admit.Worker, admit.Work.Forecast, worker => worker.Admit(admit.Work)); break;
                case RequestEffect.Continue go: await Place(go.Worker, go.Work.Forecast, worker => worker.Resume(go.Work)); break;
                case RequestEffect.Release release: Forget(GrainFactory.GetGrain<IWorkerGrain>(release.Worker).Release(this.GetPrimaryKeyString(), release.Epoch)); break;
                case RequestEffect.Learn learn: Forget(Scheduler.Learn(learn.Outcome)); break;
                case RequestEffect.CallTools call: Forget(CallTools(call.Calls)); break;
                case RequestEffect.Fork fork: await GrainFactory.GetGrain<IRequestGrain>(fork.NewRequest).Start(fork.Spec); break;
                case RequestEffect.Retire: Retire(); break;
            }
        }
    }

    private async Task Enqueue(RequestEffect.Enqueue enqueue)
    {
        var outcome = await Scheduler.Enqueue(enqueue.Descriptor);
        if (outcome.Kind == EnqueueKind.Refused)
            await Apply(core.Fail(outcome.Because ?? "refused by the scheduler", Now));
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
            await Scheduler.WorkerLost(worker);
            admission = new Admission(AdmissionKind.Refused, failure.Message);
        }

        await Apply(admission.Kind switch
        {
            AdmissionKind.NotHere => core.NotHere(worker, forecast, Now),
            AdmissionKind.Refused => core.Refused(worker, Now),
            AdmissionKind.TooLarge => core.Fail(admission.Because!, Now),
            _ => [],
        });
    }

    // Runs beside the grain's turns: the request can be looked at and cancelled while its tools work.
    private async Task CallTools(ImmutableArray<ToolCall> calls)
    {
        var segmentStart = core.State.SegmentStart;
        using var stop = new CancellationTokenSource();
        toolCalls = stop;
        var results = await Task.WhenAll(calls.Select(async call =>
        {
            try
            {
                return await GrainFactory.GetGrain<IToolGrain>(call.Name).Call(call, stop.Token);
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                ToolFailed(log, call.Name, this.GetPrimaryKeyString(), failure);
                return new ToolResult(call.Id, call.Name, """{"error": "tool is not reachable"}""", 0, Failed: true);
            }
        }));
        toolCalls = null;
        await this.AsReference<IRequestGrain>().ToolsReturned(segmentStart, [.. results]); // back into a turn of its own
    }

    // Ids that clients invent, and words that come after a request was forgotten, leave no activation behind.
    private void LeaveIfNobody()
    {
        if (core.State.Phase == RequestPhase.None)
            DeactivateOnIdle();
    }

    private async Task AskAgain(CancellationToken ct)
    {
        LeaveIfNobody();
        if (core.Descriptor(Now) is { } descriptor)
            await Enqueue(new RequestEffect.Enqueue(descriptor));
        else if (core.State.Phase == RequestPhase.Parked && Now - core.State.PausedAt > options.Value.ParkedRetention.TotalSeconds)
            await Apply(core.Cancel("no tool result came within the retention time", Now));
    }

    private void Retire()
    {
        toolCalls?.Cancel(); // nobody waits for their results any more
        toolCalls = null;
        retirement ??= this.RegisterGrainTimer(
            async ct =>
            {
                await storage.ClearStateAsync(ct);
                DeactivateOnIdle();
            },
            options.Value.FinishedRetention, Timeout.InfiniteTimeSpan);
    }

    private void Signal()
    {
        var done = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        done.SetResult();
    }

    private void Forget(Task task) => task.Forget(failure => NotDelivered(log, this.GetPrimaryKeyString(), failure));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} does not answer for request {Request}; it goes on elsewhere.")]
    private static partial void WorkerUnreachable(ILogger log, string worker, string request, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tool {Tool} could not be called for request {Request}.")]
    private static partial void ToolFailed(ILogger log, string tool, string request, Exception failure);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A message of request {Request} was not delivered.")]
    private static partial void NotDelivered(ILogger log, string request, Exception failure);
}
