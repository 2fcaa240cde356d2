namespace Pharos.Gateway.Http;

/// <summary>
/// Reads steps of a stream, and lets a ping go out whenever none came for a while. One timer serves many steps: it looks, when it fires, how long the last one is ago,
/// since thousands of streams have thousands of steps a second and hardly ever need a ping.
/// </summary>
internal sealed class PingedReading(TimeProvider time, TimeSpan interval) : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private Task? _quiet;
    private long _heardAt = time.GetTimestamp();

    /// <summary>Whether there is a next step.</summary>
    /// <param name="ping">Writes the ping; it may have to start the stream.</param>
    public async ValueTask<bool> Next<T>(IAsyncEnumerator<T> steps, Func<Task> ping, CancellationToken ct)
    {
        var next = steps.MoveNextAsync().AsTask();
        while (!next.IsCompleted)
        {
            _quiet ??= Task.Delay(interval - time.GetElapsedTime(_heardAt) is { Ticks: > 0 } left ? left : TimeSpan.Zero, time, _over.Token);
            if (await Task.WhenAny(next, _quiet) == next || ct.IsCancellationRequested)
                break;
            _quiet = null;
            if (time.GetElapsedTime(_heardAt) < interval)
                continue;
            await ping();
            _heardAt = time.GetTimestamp();
        }
        var isThere = await next;
        _heardAt = time.GetTimestamp();
        return isThere;
    }

    public void Dispose()
    {
        _over.Cancel();
        _over.Dispose();
    }
}
