using System.Runtime.CompilerServices;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Models;

namespace Pharos.Gateway.Admin;

/// <summary>
/// Looks at the pool once a second for all who watch together, and for some minutes after the last of them has gone, so that a console that comes
/// back finds what it missed.
/// </summary>
internal sealed class ClusterFeed(PoolView pools, PromptModel model, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private const int Kept = 300; // samples
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Linger = TimeSpan.FromMinutes(10);
    private readonly Lock gate = new();
    private readonly Queue<SampleJson> kept = [];
    private TaskCompletionSource news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long lastWatched, samples; // samples: ever taken
    private int watchers;
    private bool runs;

    /// <summary>What is kept, then what comes; null after a look that found no scheduler.</summary>
    public async IAsyncEnumerable<SampleJson?> Watch(bool once, [EnumeratorCancellation] CancellationToken ct)
    {
        Enter();
        try
        {
            for (var seen = 0L; ;)
            {
                List<SampleJson> fresh;
                Task next;
                lock (gate)
                {
                    fresh = [.. kept.Skip((int)Math.Max(0, kept.Count - (samples - seen)))];
                    seen = samples;
                    next = news.Task;
                }

                foreach (var sample in fresh)
                    yield return sample;
                if (once && fresh.Count > 0)
                    yield break;
                await next.WaitAsync(ct);
                if (samples == seen)
                    yield return null;
            }
        }
        finally
        {
            lock (gate)
            {
                watchers--;
                lastWatched = time.GetTimestamp();
            }
        }
    }

    private void Enter()
    {
        lock (gate)
        {
            watchers++;
            if (runs)
                return;
            runs = true;
            kept.Clear(); // from before a time in which nobody looked
            samples = 0;
        }

        _ = Task.Run(() => Sample(lifetime.ApplicationStopping));
    }

    private async Task Sample(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                var pool = await pools.TryDescribe(model.Name, ct);
                lock (gate)
                {
                    if (watchers == 0 && time.GetElapsedTime(lastWatched) > Linger)
                    {
                        runs = false;
                        return;
                    }

                    if (pool is not null)
                    {
                        kept.Enqueue(SampleJson.Of(pool, time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0));
                        samples++;
                        if (kept.Count > Kept)
                            kept.Dequeue();
                    }

                    news.SetResult();
                    news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The gateway stops.
        }
    }
}
