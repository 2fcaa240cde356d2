using System.Runtime.CompilerServices;

namespace Pharos.Gateway.Answers;

internal static class GrainStreams
{
    /// <summary>
    /// The stream of a grain for a reader that leaves at once when it is told to. The grain is told of it by a call, which lasts for its whole timeout where the silo
    /// hangs, and that is when a reader leaves; Orleans waits for it even before it says that the reading was cancelled.
    /// </summary>
    public static async IAsyncEnumerable<T> UntilLeft<T>(this IAsyncEnumerable<T> stream, [EnumeratorCancellation] CancellationToken ct)
    {
        var reader = stream.GetAsyncEnumerator(ct);
        var next = Task.FromResult(false);
        try
        {
            while (await (next = reader.MoveNextAsync().AsTask()).WaitAsync(ct))
                yield return reader.Current;
        }
        finally
        {
            _ = Leave(reader, next);
        }
    }

    private static async Task Leave<T>(IAsyncEnumerator<T> reader, Task<bool> next)
    {
        try
        {
            await next;
        }
        catch (Exception)
        {
            // It was said to the reader, if that was still there.
        }

        try
        {
            await reader.DisposeAsync();
        }
        catch (Exception)
        {
            // The grain drops a stream that nobody reads.
        }
    }
}
