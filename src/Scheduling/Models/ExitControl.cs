namespace Pharos.Scheduling.Models;

/// <param name="Threshold">Confidence from which an early exit's token counts at first, (0, 1].</param>
/// <param name="MaxDisagreement">Share of early tokens that may differ from the full model's, (0, 1).</param>
/// <param name="AuditShare">Share of early tokens for which the full model is asked too, (0, 1].</param>
public sealed record ExitControlOptions(double Threshold = 0.9, double MaxDisagreement = 0.01, double AuditShare = 0.05);

/// <summary>
/// Keeps what early exits change in answers under a bound. A random share of the tokens that leave early is computed in full too; the share of those where
/// the full model would have said something else has an upper confidence bound, and while that is above what is allowed, exits are only tried: the full
/// model's tokens count. Where they fail, they must be surer, and earn their place anew. HELIOS (arXiv 2504.10724) counts tokens below a threshold instead,
/// which says nothing of those above it.
/// </summary>
public sealed class ExitControl(ExitControlOptions options)
{
    private const double Stricter = 0.5;      // of the doubt an exit may have, 1 - threshold
    private const double HalfLife = 2_000;    // audits after which one counts half: traffic changes
    private const int Enough = 100;           // audits before an exit can have failed
    private const int Patience = 2_000;       // audits at one threshold that prove nothing
    private static readonly double Keep = Math.Pow(0.5, 1 / HalfLife);
    private double audits, differing; // at this threshold, faded
    private int tried;                // at this threshold, unproven

    /// <summary>The confidence from which an exit is sure now.</summary>
    public double Threshold { get; private set; } = options.Threshold;

    /// <summary>Audits and trials so far.</summary>
    public long Audits { get; private set; }

    /// <summary>Those where the full model said something else.</summary>
    public long Disagreements { get; private set; }

    /// <summary>With 95 % certainty no larger share of the tokens that leave at this threshold differs; 1 while nothing is known.</summary>
    public double DisagreementBound => ShareBound.Upper(differing, audits);

    /// <summary>Exits have earned their place.</summary>
    public bool IsProven => DisagreementBound <= options.MaxDisagreement;

    /// <summary>What is to be made of the next early token.</summary>
    /// <param name="draw">Uniform in [0, 1).</param>
    public ExitUse Use(double draw) => !IsProven ? ExitUse.Tried : draw < options.AuditShare ? ExitUse.Audited : ExitUse.Taken;

    /// <summary>Takes note of an audit or a trial.</summary>
    public void Observe(bool agrees)
    {
        Audits++;
        Disagreements += agrees ? 0 : 1;
        (audits, differing) = (audits * Keep + 1, differing * Keep + (agrees ? 0 : 1));
        tried = IsProven ? 0 : tried + 1;
        if (tried > Patience || (audits > Enough && ShareBound.Lower(differing, audits) > options.MaxDisagreement))
        {
            Threshold = 1 - (1 - Threshold) * Stricter;
            (audits, differing, tried) = (0, 0, 0);
        }
    }
}
