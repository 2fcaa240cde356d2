using Microsoft.Extensions.Logging;
using Pharos.Grains.Devices;
using Pharos.Scheduling.Pool;

namespace Pharos.Grains;

// Another candidate: its weights are read while the old one serves. More layers of the same model take over what is under way; else what runs ends first, and what is
// parked is computed anew when it returns.
public sealed partial class WorkerGrain
{
    /// <summary>What runs for longer keeps its candidate, and the switch is given up.</summary>
    private static readonly TimeSpan LongestSwitch = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private string? switching;
    private Task switched = Task.CompletedTask; // until it is, nobody asks the loop for anything

    private bool IsClosed => switched.IsCompleted && loop.IsClosed;

    private async Task<DeviceLoop> Loop()
    {
        while (!switched.IsCompleted)
            await switched;
        return loop;
    }

    private async Task<WorkerSnapshot> Snapshot()
    {
        var snapshot = await (await Loop()).Snapshot();
        return snapshot.Candidate is { } report ? snapshot with { Candidate = report with { Switching = switching } } : snapshot;
    }

    private async Task Switch(string candidate)
    {
        if (switching is not null)
            return;
        switching = candidate;
        var began = time.GetTimestamp();
        var old = loop;
        try
        {
            var prepared = await devices.PrepareAsync(this.GetPrimaryKeyString(), candidate, CancellationToken.None);
            try
            {
                if (!old.GoesOnIn(prepared) && !await IsLeft(old, began))
                {
                    await prepared.DisposeAsync();
                    return;
                }
            }
            catch
            {
                await prepared.DisposeAsync();
                throw;
            }

            var done = new TaskCompletionSource();
            switched = done.Task;
            try
            {
                loop = await devices.SwitchAsync(this.GetPrimaryKeyString(), candidate, prepared);
                PassOn().Forget();
            }
            finally
            {
                done.SetResult();
            }

            Switched(log, this.GetPrimaryKeyString(), old.Candidate, candidate, time.GetElapsedTime(began).TotalSeconds);
        }
        catch (Exception failure)
        {
            NotSwitched(log, this.GetPrimaryKeyString(), candidate, failure); // it goes on as it was, unless its device has failed
        }
        finally
        {
            switching = null;
            Report().Forget();
        }
    }

    // Takes nothing new until nothing runs; false: it goes on as it is.
    private async Task<bool> IsLeft(DeviceLoop old, long began)
    {
        if (!await old.BeginSwitch())
            return false;
        while (!await old.IsIdle())
        {
            if (time.GetElapsedTime(began) > LongestSwitch)
            {
                await old.Drain(on: false);
                return false;
            }

            await Task.Delay(Look, time);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Worker} ran {Old} and runs {New} now, after {Seconds:F2} s.")]
    private static partial void Switched(ILogger log, string worker, string old, string @new, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} does not run {Candidate}.")]
    private static partial void NotSwitched(ILogger log, string worker, string candidate, Exception failure);
}
