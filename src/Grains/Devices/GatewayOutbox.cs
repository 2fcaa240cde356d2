using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Pharos.Grains.Metrics;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Devices;

/// <summary>What a worker has to say to one gateway: one message an iteration, kept until the gateway's stream takes it.</summary>
internal sealed class GatewayOutbox(string worker, TimeProvider time)
{
    /// <summary>An empty message after so much silence: a gateway holds a worker for gone when five are missing.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(300);

    private readonly Channel<DeltaBatch> channel = Channel.CreateUnbounded<DeltaBatch>();
    private CancellationTokenSource reader = new();
    private long readAt = time.GetTimestamp();
    private int readers;

    /// <summary>Deltas of the iteration under way.</summary>
    public List<SequenceDelta> Pending { get; } = [];

    /// <summary>Nobody has taken what waits here, or has been here at all, for that long: the gateway is gone.</summary>
    public bool IsAbandoned(TimeSpan lease) =>
        (channel.Reader.Count > 0 || Volatile.Read(ref readers) == 0) && time.GetElapsedTime(Volatile.Read(ref readAt)) > lease;

    public void Send()
    {
        if (Pending.Count == 0)
            return;
        if (channel.Reader.Count == 0)
            Volatile.Write(ref readAt, time.GetTimestamp()); // the lease runs from the oldest unread message
        channel.Writer.TryWrite(new DeltaBatch(worker, [.. Pending]));
        Pending.Clear();
    }

    // One that waits unread is enough.
    private void Beat(object? timer)
    {
        if (channel.Reader.Count == 0)
            channel.Writer.TryWrite(new DeltaBatch(worker, []));
    }

    public void Close(Exception? because) => channel.Writer.TryComplete(because);

    /// <summary>One reader at a time: a gateway that comes anew ends its earlier stream.</summary>
    public async IAsyncEnumerable<DeltaBatch> Read([EnumeratorCancellation] CancellationToken ct)
    {
        Interlocked.Increment(ref readers);
        try
        {
            var mine = new CancellationTokenSource();
            Interlocked.Exchange(ref reader, mine).Cancel();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, mine.Token);
            await using var heartbeat = time.CreateTimer(Beat, null, Heartbeat, Heartbeat);
            while (await channel.Reader.WaitToReadAsync(either.Token))
            {
                while (!either.IsCancellationRequested && channel.Reader.TryRead(out var batch))
                {
                    Volatile.Write(ref readAt, time.GetTimestamp());
                    DeviceMetrics.Told(tokens: !batch.Deltas.IsEmpty);
                    yield return batch;
                }

                either.Token.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            Volatile.Write(ref readAt, time.GetTimestamp());
            Interlocked.Decrement(ref readers);
        }
    }
}
