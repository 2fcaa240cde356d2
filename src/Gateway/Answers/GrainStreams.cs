using System.Runtime.CompilerServices;

namespace Pharos.Gateway.Answers;

internal static class GrainStreams
{
    /// <summary>
    /// The stream of a grain for a reader that leaves at once: to tell the grain takes a call, which lasts for its whole timeout where the silo hangs, and that is when
    /// a reader leaves.
    /// </summary>
    public static async IAsyncEnumerable<T> UntilLeft<T>(this IAsyncEnumerable<T> stream, [EnumeratorCancellation] CancellationToken ct)
    {
        var reader = stream.GetAsyncEnumerator(ct);
        try
        {
            while (await reader.MoveNextAsync())
                yield return reader.Current;
        }
        finally
        {
            _ = Leave(reader);
        }
    }

    private static async Task Leave<T>(IAsyncEnumerator<T> reader)
    {
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
