using Microsoft.Extensions.Logging;
using Pharos.Scheduling.Pool;

namespace Pharos.Grains;

// Another candidate: its weights are read while the old one serves, what runs ends, and what is parked is computed anew when it returns.
public sealed partial class WorkerGrain
{
    /// <summary>What runs for longer keeps its candidate, and the switch is given up.</summary>
    private static readonly TimeSpan LongestSwitch = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private string? switching;

    private async Task<WorkerSnapshot> Snapshot()
    {
        var snapshot = await loop.Snapshot();
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
                if (!await old.BeginSwitch())
                {
                    await prepared.DisposeAsync();
                    return;
                }

                while (!await old.IsIdle())
                {
                    if (time.GetElapsedTime(began) > LongestSwitch)
                    {
                        await prepared.DisposeAsync();
                        await old.Drain(on: false);
                        return;
                    }

                    await Task.Delay(Look, time);
                }
            }
            catch
            {
                await prepared.DisposeAsync();
                throw;
            }

            loop = await devices.SwitchAsync(this.GetPrimaryKeyString(), candidate, prepared);
            PassOn().Forget();
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Worker} ran {Old} and runs {New} now, after {Seconds:F2} s.")]
    private static partial void Switched(ILogger log, string worker, string old, string @new, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} does not run {Candidate}.")]
    private static partial void NotSwitched(ILogger log, string worker, string candidate, Exception failure);
}
