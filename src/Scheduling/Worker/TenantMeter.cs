namespace Pharos.Scheduling.Worker;

/// <summary>What one tenant has used of a device since it was opened.</summary>
internal sealed class TenantMeter
{
    /// <summary>Memory that its sequences held, over time, running or parked, token-seconds.</summary>
    public double KvTokenSeconds { get; set; }

    public long GeneratedTokens { get; set; }
}
