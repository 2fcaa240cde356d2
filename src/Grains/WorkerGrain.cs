using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Pharos.Grains.Devices;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

/// <summary>The mailbox of a device: everything is decided and done in its <see cref="DeviceLoop"/>. Lives on the silo that has the device.</summary>
[DevicePlacement, Reentrant, KeepAlive]
public sealed partial class WorkerGrain(IDeviceHost devices, TimeProvider time, ILogger<WorkerGrain> log) : Grain, IWorkerGrain
{
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromMilliseconds(500);
    private DeviceLoop loop = null!;
    private bool reporting, reportAgain;

    private ISchedulerGrain Scheduler => GrainFactory.GetGrain<ISchedulerGrain>(WorkerKey.Pool(this.GetPrimaryKeyString()));

    public override async Task OnActivateAsync(CancellationToken ct)
    {
        loop = await devices.OpenAsync(this.GetPrimaryKeyString(), ct);
        this.RegisterGrainTimer(_ => Report(), TimeSpan.Zero, ReportPeriod);
        PassOn().Forget();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken ct)
    {
        await devices.CloseAsync(this.GetPrimaryKeyString());
        Scheduler.WorkerLost(this.GetPrimaryKeyString()).Forget(); // it may be shutting down too
    }

    public Task<WorkerSnapshot> Open() => Snapshot();

    public async Task<Admission> Admit(SequenceWork work)
    {
        var here = await Loop();
        return work.Cache is { } cache ? await AdmitWith(cache, work with { Cache = null }) : await here.Admit(work);
    }

    public async Task<Admission> Resume(ResumeWork work) => await (await Loop()).Resume(work);

    public async Task<bool> Holds(string request, int epoch) => await (await Loop()).Holds(request, epoch);

    public async Task Release(string request, int epoch) => await (await Loop()).Release(request, epoch);

    public async Task Expect(string request, int epoch, double seconds) => await (await Loop()).Expect(request, epoch, seconds);

    public Task<WorkerSnapshot> Describe() => Snapshot();

    public async Task<DrainForecast> Drain(bool on) => await (await Loop()).Drain(on);

    public async Task<DrainForecast> Cordon() => await (await Loop()).Cordon();

    public async Task<DrainForecast> Evacuate() => await (await Loop()).Evacuate();

    public async IAsyncEnumerable<DeltaBatch> Deltas(string gateway, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var batch in await (await Loop()).Deltas(gateway, ct))
            yield return batch;
    }

    // What the loop has to say, as grain calls. A segment's end is told until it is heard: the request's future depends on it.
    private async Task PassOn()
    {
        var events = loop.Events;
        while (await events.WaitToReadAsync())
        {
            while (events.TryRead(out var said))
                PassOn(said);
        }
    }

    private void PassOn(DeviceEvent said)
    {
        switch (said)
        {
            case DeviceEvent.SegmentEnded ended: Tell(ended.Request, request => request.SegmentEnded(ended.Report)).Forget(); break;
            case DeviceEvent.ReceiptRevised revised: Tell(revised.Request, request => request.ReceiptRevised(revised.Epoch, revised.Receipt)).Forget(); break;
            case DeviceEvent.SequenceLost lost: Tell(lost.Request, request => request.WorkerLost(this.GetPrimaryKeyString(), lost.Epoch, lost.Generated, byReader: false)).Forget(); break;
            case DeviceEvent.RoomChanged: Report().Forget(); break;
        }
    }

    private async Task Tell(string request, Func<IRequestGrain, Task> say)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await say(GrainFactory.GetGrain<IRequestGrain>(request));
                return;
            }
            catch (Exception failure) when (!IsClosed)
            {
                NotHeard(log, request, attempt, failure);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100 * attempt, 1000)), time);
            }
        }
    }

    // One report at a time; what changes meanwhile goes with the next.
    private async Task Report()
    {
        if (reporting)
        {
            reportAgain = true;
            return;
        }

        reporting = true;
        try
        {
            do
            {
                reportAgain = false;
                var directive = await Scheduler.Report(await Snapshot());
                await (await Loop()).Follow(directive);
                if (directive.Candidate?.Run is { } candidate && candidate != loop.Candidate)
                    Switch(candidate).Forget();
            }
            while (reportAgain);
        }
        catch (Exception failure)
        {
            NotReported(log, this.GetPrimaryKeyString(), failure);
            if (IsClosed)
                DeactivateOnIdle(); // the next call opens the device anew
        }
        finally
        {
            reporting = false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Request {Request} has not heard what its worker said (attempt {Attempt}).")]
    private static partial void NotHeard(ILogger log, string request, int attempt, Exception failure);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Worker {Worker} could not report.")]
    private static partial void NotReported(ILogger log, string worker, Exception failure);
}
