using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

/// <summary>The shell around <see cref="RequestCore"/>: calls become events, effects become calls. No decision is taken here.</summary>
public sealed partial class RequestGrain(
    [PersistentState("request", "pharos")] IPersistentState<RequestState> storage,
    ServedModel model, IOptions<PharosOptions> options, TimeProvider time, ILogger<RequestGrain> log) : Grain, IRequestGrain
{
    private RequestCore core = null!;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IGrainTimer? retirement;

    private double Now => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private ISchedulerGrain Scheduler => GrainFactory.GetGrain<ISchedulerGrain>(core.State.Spec!.Pool);

    public override async Task OnActivateAsync(CancellationToken ct)
    {
        core = new RequestCore(this.GetPrimaryKeyString(), storage.State, model.EncodeToolTurn);
        // Says again that it waits: a scheduler that lost its memory is whole again within two periods.
        this.RegisterGrainTimer(AskAgain, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        if (core.IsOver)
            Retire();
        await Apply(core.Recover());
    }

    public async Task<RequestAccepted> Start(RequestSpec spec)
    {
        if (core.State.Phase != RequestPhase.None)
            return new RequestAccepted(false, $"request {this.GetPrimaryKeyString()} exists already");
        await Apply(core.Start(spec, Now));
        return new RequestAccepted(core.State.Phase != RequestPhase.Failed, core.State.Failure);
    }

    public async Task<ResumeOutcome> Resume(ResumeSpec spec)
    {
        var (outcome, effects) = core.Resume(spec, Now);
        await Apply(effects);
        if (core.State.Phase == RequestPhase.None)
            DeactivateOnIdle(); // nobody's id: leave nothing behind
        return outcome;
    }

    public async IAsyncEnumerable<RequestNotice> Follow(int from, [EnumeratorCancellation] CancellationToken ct)
    {
        core.NumberNoticesFrom(from);
        while (true)
        {
            var wait = changed.Task;
            var news = core.Notices.Where(notice => notice.Number >= from).ToList();
            if (news.Count == 0 && core.LastWord(from) is { } last)
                news = [last];
            foreach (var notice in news)
            {
                yield return notice;
                from = notice.Number + 1;
                if (notice.Kind is NoticeKind.Parked or NoticeKind.Finished or NoticeKind.Failed)
                    yield break;
            }

            await wait.WaitAsync(ct);
        }
    }

    public Task WorkerLost(string worker, int epoch, ImmutableArray<int> delivered) => Apply(core.WorkerLost(worker, epoch, delivered, Now));

    public Task Cancel(string because) => Apply(core.Cancel(because, Now));

    public Task Dispatch(string worker, SegmentForecast forecast) => Apply(core.Dispatch(worker, forecast, Now));

    public Task Refuse(string because) => Apply(core.Fail(because, Now));

    public Task SegmentEnded(SegmentReport report) => Apply(core.SegmentEnded(report, Now));

    public Task ReceiptRevised(int epoch, PauseReceipt receipt)
    {
        core.Revise(epoch, receipt);
        return Task.CompletedTask;
    }

    public async Task<RequestDescription?> Describe()
    {
        var state = core.State;
        if (state.Spec is null)
            return null;
        var rank = state.Phase == RequestPhase.Queued ? await Scheduler.Explain(this.GetPrimaryKeyString()) : null;
        return new RequestDescription(
            this.GetPrimaryKeyString(), model.Name, state.Spec.Tenant, Shown(state.Phase), state.Worker, rank, state.Timeline, state.Receipts, state.Usage);
    }

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
        var results = await Task.WhenAll(calls.Select(async call =>
        {
            try
            {
                return await GrainFactory.GetGrain<IToolGrain>(call.Name).Call(call, CancellationToken.None);
            }
            catch (Exception failure)
            {
                ToolFailed(log, call.Name, this.GetPrimaryKeyString(), failure);
                return new ToolResult(call.Id, call.Name, """{"error": "tool is not reachable"}""", 0, Failed: true);
            }
        }));
        await this.AsReference<IRequestGrain>().ToolsReturned(segmentStart, [.. results]); // back into a turn of its own
    }

    public Task ToolsReturned(int segmentStart, ImmutableArray<ToolResult> results) => Apply(core.ToolsReturned(segmentStart, results, Now));

    private async Task AskAgain(CancellationToken ct)
    {
        if (core.Descriptor(Now) is { } descriptor)
            await Enqueue(new RequestEffect.Enqueue(descriptor));
        else if (core.State.Phase == RequestPhase.Parked && Now - core.State.PausedAt > options.Value.ParkedRetention.TotalSeconds)
            await Apply(core.Cancel("no tool result came within the retention time", Now));
    }

    private void Retire() => retirement ??= this.RegisterGrainTimer(
        async ct =>
        {
            await storage.ClearStateAsync();
            DeactivateOnIdle();
        },
        options.Value.FinishedRetention, Timeout.InfiniteTimeSpan);

    private void Signal()
    {
        var done = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        done.SetResult();
    }

    private void Forget(Task task) => task.ContinueWith(
        failed => NotDelivered(log, this.GetPrimaryKeyString(), failed.Exception!.InnerException!),
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private static string Shown(RequestPhase phase) => phase switch
    {
        RequestPhase.CallingTools => "calling_tools",
        RequestPhase.Placed => "running",
        _ => phase.ToString().ToLowerInvariant(),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} does not answer for request {Request}; it goes on elsewhere.")]
    private static partial void WorkerUnreachable(ILogger log, string worker, string request, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tool {Tool} could not be called for request {Request}.")]
    private static partial void ToolFailed(ILogger log, string tool, string request, Exception failure);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A message of request {Request} was not delivered.")]
    private static partial void NotDelivered(ILogger log, string request, Exception failure);
}
