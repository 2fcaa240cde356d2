namespace Pharos.Scheduling.Models;

/// <summary>What the choice among candidates is to be best at, the allowed disagreement kept (HELIOS, arXiv 2504.10724).</summary>
public enum ServiceMode
{
    /// <summary>Requests a second with full batches.</summary>
    Throughput,

    /// <summary>Seconds of one request among those that run now.</summary>
    Latency,

    /// <summary>Joules of a request.</summary>
    Energy,

    /// <summary>The largest candidate at full depth, always.</summary>
    Accuracy,
}
