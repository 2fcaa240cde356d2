namespace Pharos.Gateway.Http;

/// <summary>Reads steps of a stream, and lets a ping go out whenever none came for a while.</summary>
internal sealed class PingedReading(TimeProvider time, TimeSpan interval)
{
    /// <summary>Whether there is a next step.</summary>
    /// <param name="ping">Writes the ping; it may have to start the stream.</param>
    public async Task<bool> Next<T>(IAsyncEnumerator<T> steps, Func<Task> ping, CancellationToken ct)
    {
        var next = steps.MoveNextAsync().AsTask();
        while (!next.IsCompleted)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var quiet = Task.Delay(interval, time, waiting.Token);
            var first = await Task.WhenAny(next, quiet);
            await waiting.CancelAsync();
            if (first == next || ct.IsCancellationRequested)
                break;
            await ping();
        }
        return await next;
    }
}
