using Pharos.Inference.Backend;
using Pharos.Scheduling.Migration;

namespace Pharos.Grains.Devices;

/// <summary>
/// Reads and writes of a device's cache for other workers. They are handed to the backend between a plan's copies and its step: what was copied
/// away from a block before it was given to somebody else is then safe, and what is read is what the plan left there.
/// </summary>
internal sealed class KvTransfers(IModelBackend backend, CancellationToken stopping)
{
    private readonly List<(Action Begin, Action<Exception> Fail)> waiting = [];

    /// <summary>The copies of the plan have been handed over.</summary>
    public void Begin()
    {
        if (waiting.Count == 0)
            return;
        foreach (var (begin, _) in waiting)
            begin();
        waiting.Clear();
    }

    /// <summary>The loop has stopped: whoever waits is told.</summary>
    public void Fail(Exception because)
    {
        foreach (var (_, fail) in waiting)
            fail(because);
        waiting.Clear();
    }

    /// <summary>Begins <paramref name="work"/> at the next opportunity.</summary>
    public Task<T> Post<T>(Func<Task<T>> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Add((() => Run(work, done), because => done.TrySetException(because)));
        return done.Task;
    }

    /// <param name="table">Device blocks of the context from its beginning.</param>
    public async Task<KvPiece> Read(int[] table, KvSpan span, int computed)
    {
        var chunk = await backend.ExportBlocksAsync(table, span, stopping);
        return new KvPiece(span.FirstToken, span.Tokens, computed, chunk);
    }

    /// <exception cref="InvalidDataException">The piece is damaged, or of another model; nothing was written.</exception>
    public async Task<KvSpan> Write(KvPiece piece, int[] table) => await backend.ImportBlocksAsync(piece.Chunk, table, stopping);

    private static async void Run<T>(Func<Task<T>> work, TaskCompletionSource<T> done)
    {
        try
        {
            done.SetResult(await work());
        }
        catch (Exception failure)
        {
            done.SetException(failure);
        }
    }
}
