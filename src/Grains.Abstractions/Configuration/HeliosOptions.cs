namespace Pharos.Grains.Configuration;

/// <summary>How deep tokens go into a model that has early exits.</summary>
public sealed class HeliosOptions
{
    public ExitOptions Exit { get; set; } = new();
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
