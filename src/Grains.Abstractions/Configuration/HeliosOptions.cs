using Pharos.Scheduling.Models;

namespace Pharos.Grains.Configuration;

/// <summary>Which of several candidates answers, and how deep tokens go into a model that has early exits.</summary>
public sealed class HeliosOptions
{
    public ExitOptions Exit { get; set; } = new();

    /// <summary>What candidates are chosen for: <c>throughput</c>, <c>latency</c>, <c>energy</c> or <c>accuracy</c> (the largest, always).</summary>
    public string Mode { get; set; } = "throughput";

    /// <summary>Share of a candidate's tokens that may differ from the largest candidate's; only one that is measured to be below it serves.</summary>
    public double MaxDisagreement { get; set; } = 0.01;

    /// <summary>Share of answers on which candidates are compared with the largest, once it is known which may serve.</summary>
    public double AuditShare { get; set; } = 0.05;

    /// <summary>Bytes of weights and device KV together: what a smaller candidate saves becomes KV blocks. 0: <c>Kv:DeviceBytes</c> for KV, whatever the weights take.</summary>
    public long MemoryBytes { get; set; }

    /// <summary>A device that runs the first layers of a model keeps each token's state behind them, so that what is under way goes on when more layers are loaded.</summary>
    public bool KeepStates { get; set; } = true;

    /// <summary>Answers that a candidate gives on one worker before the others follow.</summary>
    public int ProfileAnswers { get; set; } = 5;

    /// <summary>Seconds in which a switch, with the caches that it loses, must pay for itself.</summary>
    public double HorizonSeconds { get; set; } = 60;

    /// <summary>Seconds for which a worker is left alone after a switch.</summary>
    public double RestSeconds { get; set; } = 10;

    /// <summary>As the selector takes it.</summary>
    public SelectorOptions Selection => new(
        Enum.Parse<ServiceMode>(Mode, ignoreCase: true), MaxDisagreement, AuditShare, ProfileAnswers: ProfileAnswers, HorizonSeconds: HorizonSeconds, RestSeconds: RestSeconds);
}

public sealed class ExitOptions
{
    /// <summary>Tokens may come from early exits, where the model has any. Answers then differ from the full model's, by no more than <see cref="MaxDisagreement"/> of such tokens.</summary>
    public bool Enabled { get; set; }

    /// <summary>Confidence from which an exit's token counts at first; it rises where exits prove wrong.</summary>
    public double Threshold { get; set; } = 0.9;

    /// <summary>Share of early tokens that may differ from the full model's.</summary>
    public double MaxDisagreement { get; set; } = 0.01;

    /// <summary>Share of early tokens for which the full model is asked too.</summary>
    public double AuditShare { get; set; } = 0.05;

    /// <summary>Of every so many tokens of a sequence one runs through all layers: 2 to 16 and a divisor of the block size.</summary>
    public int Window { get; set; } = 16;
}
