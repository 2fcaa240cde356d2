using Pharos.Grains;

namespace Pharos.Gateway.Answers;

/// <summary>Looks at a pool, without waiting long for a scheduler that is moving.</summary>
internal sealed class PoolView(IClusterGrains grains, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Null where the scheduler can't be reached.</summary>
    public async Task<PoolDescription?> TryDescribe(string pool, CancellationToken ct)
    {
        try
        {
            return await grains.Scheduler(pool).Describe().WaitAsync(Patience, time, ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception))
        {
            return null;
        }
    }
}
