using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Models;

/// <summary>What is known of a candidate: how often it says something else than the reference, and what its iterations take.</summary>
internal sealed class CandidateRecord(Candidate candidate)
{
    private const double HalfLife = 20_000;  // audited tokens after which one counts half
    private const int EnoughIterations = 256; // before a fit means anything: the first ones are of a few batches, and of kernels that are new to the machine
    private double audited, differing;       // faded

    public Candidate Candidate => candidate;

    public long AuditedTokens { get; private set; }

    public long DifferingTokens { get; private set; }

    /// <summary>With 95 % certainty no larger share of its tokens differs from the reference's.</summary>
    public double Bound => candidate.IsReference ? 0 : ShareBound.Upper(differing, audited);

    /// <summary>With 95 % certainty at least this share does.</summary>
    public double LeastDisagreement => candidate.IsReference ? 0 : ShareBound.Lower(differing, audited);

    /// <summary>Fitted by a worker that ran it; null: it has not run, or not for long.</summary>
    public DeviceProfile? Profile { get; private set; }

    /// <summary>Answers it gave since it was last profiled.</summary>
    public long Answers { get; private set; }

    public double JoulesPerSecond { get; private set; } // of a busy worker

    public void Audit(long tokens, long different)
    {
        AuditedTokens += tokens;
        DifferingTokens += different;
        var keep = Math.Pow(0.5, tokens / HalfLife);
        (audited, differing) = (audited * keep + tokens, differing * keep + different);
    }

    public void Run(DeviceProfile profile, long iterations, long answers, double busySeconds, double joules)
    {
        if (iterations >= EnoughIterations)
            Profile = profile;
        Answers += answers;
        if (busySeconds > 0 && joules > 0)
            JoulesPerSecond = JoulesPerSecond == 0 ? joules / busySeconds : 0.9 * JoulesPerSecond + 0.1 * joules / busySeconds;
    }

    /// <summary>What was said of other traffic proves nothing of this.</summary>
    public void Forget() => (audited, differing, Answers) = (0, 0, 0);
}
