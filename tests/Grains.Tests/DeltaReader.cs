using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

/// <summary>
/// A gateway's side of one worker's stream: one enumeration for as long as the cluster lives, as a gateway has it. An enumeration for each segment
/// would throw away what one message brought of the next.
/// </summary>
internal sealed class DeltaReader
{
    private readonly List<SequenceDelta> came = [];
    private readonly Task run;
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DeltaReader(IWorkerGrain worker, string gateway, CancellationToken ct) => run = Task.Run(() => ReadAsync(worker, gateway, ct), CancellationToken.None);

    /// <summary>The worker was lost, or its stream ended.</summary>
    public bool HasEnded => run.IsCompleted;

    /// <returns>All deltas of one placement, up to and with the one that ends the segment.</returns>
    /// <exception cref="OperationCanceledException">They did not come in time.</exception>
    public async Task<IReadOnlyList<SequenceDelta>> SegmentAsync(string request, int epoch, CancellationToken ct)
    {
        while (true)
        {
            Task wait;
            lock (came)
            {
                SequenceDelta[] mine = [.. came.Where(delta => delta.Request == request && delta.Epoch == epoch)];
                if (mine is [.., { End: not null }])
                    return mine;
                wait = more.Task;
            }

            if (await Task.WhenAny(wait, run).WaitAsync(ct) == run && !wait.IsCompleted)
            {
                await run;
                throw new InvalidOperationException($"The worker's stream ended before the segment of {request} did.");
            }
        }
    }

    private async Task ReadAsync(IWorkerGrain worker, string gateway, CancellationToken ct)
    {
        await foreach (var batch in worker.Deltas(gateway, ct))
        {
            lock (came)
            {
                came.AddRange(batch.Deltas);
                more.SetResult();
                more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
