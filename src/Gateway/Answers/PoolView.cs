using Pharos.Grains;

namespace Pharos.Gateway.Answers;

/// <summary>Looks at a pool, without waiting long for a scheduler that is moving.</summary>
internal sealed partial class PoolView(IClusterGrains grains, TimeProvider time, ILogger<PoolView> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private volatile bool _isOutOfReach;

    /// <summary>Null where the scheduler can't be reached, whatever the reason: whoever only looks asks again.</summary>
    public async Task<PoolDescription?> TryDescribe(string pool, CancellationToken ct)
    {
        try
        {
            var description = await grains.Scheduler(pool).Describe().WaitAsync(Patience, time, ct);
            _isOutOfReach = false;
            return description;
        }
        catch (Exception exception) when (!ct.IsCancellationRequested)
        {
            if (!_isOutOfReach) // once, not with every look
                LogOutOfReach(exception, pool);
            _isOutOfReach = true;
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The scheduler of pool {Pool} can't be reached.")]
    private partial void LogOutOfReach(Exception exception, string pool);
}
