namespace Pharos.InProcess;

/// <summary>The enumerations that callers have open on one activation. Those that nobody continues expire.</summary>
internal sealed class StreamTable(Activation activation) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<StreamId, ServerStream> streams = [];
    private ITimer? sweep;

    private InProcessCluster Cluster => activation.Silo.Cluster;

    public void Add(StreamId id, ServerStream stream)
    {
        lock (gate)
        {
            stream.LastUse = Cluster.Time.GetTimestamp();
            streams.Add(id, stream);
            if (sweep is not null) return;
            var period = Cluster.Options.EnumeratorExpiry;
            sweep = Cluster.Time.CreateDetachedTimer(static self => self.Sweep(), this, period, period);
        }
    }

    public ServerStream? Find(StreamId id)
    {
        lock (gate) return streams.GetValueOrDefault(id);
    }

    public Task Stop(StreamId id)
    {
        ServerStream? stream;
        lock (gate) streams.Remove(id, out stream);
        return stream?.StopAsync() ?? Task.CompletedTask;
    }

    /// <summary>The sequence came to its end.</summary>
    public Task Forget(ServerStream stream)
    {
        lock (gate)
        {
            foreach (var (id, known) in streams)
            {
                if (!ReferenceEquals(known, stream)) continue;
                streams.Remove(id);
                break;
            }
        }

        return stream.StopAsync();
    }

    /// <summary>The activation is going: fetches that wait fail now, so that they don't hold it up.</summary>
    public void Abort()
    {
        foreach (var stream in TakeWhere(_ => true)) stream.Abort();
    }

    public void Dispose()
    {
        lock (gate)
        {
            sweep?.Dispose();
            streams.Clear();
        }
    }

    private void Sweep()
    {
        var expiry = Cluster.Options.EnumeratorExpiry;
        foreach (var stream in TakeWhere(s => !s.Busy && Cluster.Time.GetElapsedTime(s.LastUse) >= expiry)) stream.Abort();
        lock (gate)
        {
            if (streams.Count > 0) return;
            sweep?.Dispose();
            sweep = null;
        }
    }

    private List<ServerStream> TakeWhere(Func<ServerStream, bool> condition)
    {
        lock (gate)
        {
            var taken = streams.Where(s => condition(s.Value)).ToList();
            foreach (var (id, _) in taken) streams.Remove(id);
            return [.. taken.Select(s => s.Value)];
        }
    }
}
