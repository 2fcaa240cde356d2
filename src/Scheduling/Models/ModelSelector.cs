using System.Globalization;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Models;

/// <summary>
/// Chooses which candidate each worker of a pool runs (HELIOS, arXiv 2504.10724). A candidate may serve while audits show that it says what the reference
/// says, but for the share that is allowed: before it has answered anybody it is compared on contexts that the reference answered. Of those that may, the one
/// whose requests cost least by the mode; one worker at a time, and only where the switch, with the caches it loses, pays for itself.
/// </summary>
/// <remarks>
/// Prices come from the iteration model that each worker fits to what it runs, so that candidates seen under different loads can be compared; one that has not
/// run is reckoned from the reference's by its size, tried on one worker, and then believed.
/// </remarks>
public sealed class ModelSelector
{
    private const double LeastLoad = 0.05;
    private const long TokensOfRequest = 64, ContextOfRequest = 128; // until requests have been seen
    private readonly SelectorOptions options;
    private readonly List<CandidateRecord> records;
    private readonly CandidateRecord reference;
    private readonly SortedDictionary<string, Seen> workers = new(StringComparer.Ordinal);
    private readonly DriftDetector disagreement = new(0.02, 1.5), lengths = new(0.25, 12); // share of an answer that differs; logarithm of its tokens
    private double meanTokens = TokensOfRequest, meanContext = ContextOfRequest;
    private string? lastSwitch;
    private long switches, drifts;

    public ModelSelector(SelectorOptions options, IEnumerable<Candidate> candidates)
    {
        this.options = options;
        records = [.. candidates.Select(candidate => new CandidateRecord(candidate))];
        reference = records.Single(record => record.Candidate.IsReference);
    }

    /// <summary>Share of answers that workers should audit now: all, until it is known of every candidate on the shortlist whether it may serve.</summary>
    public double AuditShare => records.Count == 1 ? 0 : Shortlist().All(IsSettled) ? options.AuditShare : 1;

    /// <summary>Candidates that audits should compare.</summary>
    public IEnumerable<string> Audited => Shortlist().Select(record => record.Candidate.Name);

    /// <summary>Takes note of a worker's report; an older one than the last is ignored.</summary>
    public void Report(WorkerSnapshot snapshot, double now)
    {
        if (snapshot.Candidate is not { } report || Find(snapshot.Model) is not { } running)
            return;
        var before = workers.GetValueOrDefault(snapshot.Worker);
        if (before is not null && (snapshot.Incarnation, snapshot.Report).CompareTo((before.Snapshot.Incarnation, before.Snapshot.Report)) <= 0)
            return;
        var isNew = before?.Snapshot.Incarnation != snapshot.Incarnation;
        var (then, counted) = isNew ? (null, null) : (before!.Snapshot.Candidate, before.Snapshot.Counters);
        var answers = report.Answers - (then?.Answers ?? 0);
        running.Run(snapshot.Profile, snapshot.Counters.Iterations, answers, report.BusySeconds - (then?.BusySeconds ?? 0), report.Joules - (then?.Joules ?? 0));
        if (answers > 0)
            LearnLengths((double)(snapshot.Counters.GeneratedTokens - (counted?.GeneratedTokens ?? 0)) / answers, (double)(report.ContextTokens - (then?.ContextTokens ?? 0)) / answers);
        foreach (var tally in report.Audits)
            Audit(tally, then is null ? default : then.Audits.FirstOrDefault(one => one.Candidate == tally.Candidate), snapshot.Model);
        var load = before is null || isNew || now <= before.At ? before?.Load ?? 1
            : 0.7 * before.Load + 0.3 * Math.Min(1, (report.BusySeconds - then!.BusySeconds) / (now - before.At));
        workers[snapshot.Worker] = new Seen(snapshot, now, load, before?.Target, before?.SwitchedAt ?? double.NegativeInfinity);
    }

    /// <summary>A worker is gone.</summary>
    public void Remove(string worker) => workers.Remove(worker);

    /// <summary>What a worker should run; null: whatever it runs.</summary>
    public string? TargetOf(string worker) => workers.GetValueOrDefault(worker)?.Target;

    /// <summary>The next switch, if one is due. None is while another is under way, so that a pool never unloads all it has.</summary>
    public CandidateSwitch? Decide(double now)
    {
        foreach (var worker in workers.Values.Where(worker => worker.Target == worker.Snapshot.Model))
            worker.Target = null; // it has switched
        var serving = workers.Values.Where(worker => worker.Snapshot.State == WorkerState.Active).OrderBy(worker => worker.Snapshot.Worker, StringComparer.Ordinal).ToList();
        if (workers.Values.Any(worker => worker.Target is not null && now - worker.SwitchedAt < options.HorizonSeconds))
            return null;
        if (serving.Find(worker => Find(worker.Snapshot.Model) is { } running && !MayServe(running)) is { } wrong)
            return Switch(wrong, Cheapest(wrong), now, string.Create(CultureInfo.InvariantCulture, $"up to {Find(wrong.Snapshot.Model)!.Bound:P2} of the tokens of {wrong.Snapshot.Model} may differ, {options.MaxDisagreement:P2} are allowed"));
        var rested = serving.FindAll(worker => now - worker.SwitchedAt >= options.RestSeconds);
        if (rested.Count == 0)
            return null;
        var best = Best();
        var other = rested.Where(worker => worker.Snapshot.Model != best.Candidate.Name).Select(worker => (Worker: worker, Gain: Gain(worker, best), Price: Price(worker, best)))
            .Where(one => one.Gain > one.Price).OrderByDescending(one => one.Gain - one.Price).ToList();
        if (other.Count == 0)
            return null;
        // One that nobody has measured is tried on one worker first.
        if (best != reference && best.Answers < options.ProfileAnswers && serving.Any(worker => worker.Snapshot.Model == best.Candidate.Name))
            return null;
        var (chosen, gain, price) = other[0];
        return Switch(chosen, best, now, string.Create(CultureInfo.InvariantCulture,
            $"a request costs {Cost(best):G3} in place of {Cost(Find(chosen.Snapshot.Model)!):G3} ({options.Mode}); {gain:F1} s gained in {options.HorizonSeconds:F0} s against {price:F1} s for lost caches"));
    }

    /// <summary>How all stands.</summary>
    public ModelChoice Describe() => new(
        options.Mode.ToString().ToLowerInvariant(), options.MaxDisagreement,
        [.. records.Select(record => new CandidateState(
            record.Candidate.Name, record.Candidate.Layers, record.Candidate.Parameters, record.Candidate.IsReference, MayServe(record), Cost(record), record.Profile is not null,
            record.Bound, record.AuditedTokens, record.DifferingTokens, workers.Values.Count(worker => worker.Snapshot.Model == record.Candidate.Name), record.Answers))],
        switches, drifts, lastSwitch);

    private CandidateSwitch Switch(Seen worker, CandidateRecord to, double now, string because)
    {
        (worker.Target, worker.SwitchedAt) = (to.Candidate.Name, now);
        switches++;
        lastSwitch = $"{worker.Snapshot.Worker} from {worker.Snapshot.Model} to {to.Candidate.Name}: {because}";
        return new CandidateSwitch(worker.Snapshot.Worker, to.Candidate.Name, because);
    }

    private void Audit(in AuditTally tally, in AuditTally before, string serving)
    {
        var (tokens, differing) = (tally.Tokens - before.Tokens, tally.Differing - before.Differing);
        if (tokens <= 0 || Find(tally.Candidate) is not { Candidate.IsReference: false } record)
            return;
        record.Audit(tokens, differing);
        if (tally.Candidate == serving && disagreement.Observe((double)differing / tokens))
            Drift();
    }

    private void LearnLengths(double tokens, double context)
    {
        meanTokens += 0.1 * (tokens - meanTokens);
        meanContext += 0.1 * (context - meanContext);
        if (lengths.Observe(Math.Log(1 + tokens)))
            Drift();
    }

    // Requests are others than those that proved it: all candidates prove themselves anew.
    private void Drift()
    {
        drifts++;
        records.ForEach(record => record.Forget());
    }

    private bool MayServe(CandidateRecord record) => record.Candidate.IsReference || record.Bound <= options.MaxDisagreement;

    private bool IsSettled(CandidateRecord record) => MayServe(record) || record.LeastDisagreement > options.MaxDisagreement;

    // Those that promise most, whether they may serve or not; what has failed for certain makes room.
    private IEnumerable<CandidateRecord> Shortlist() => options.Mode == ServiceMode.Accuracy ? []
        : records.Where(record => record != reference).OrderBy(record => record.LeastDisagreement > options.MaxDisagreement).ThenBy(Cost).Take(options.Shortlist);

    private CandidateRecord Best() => options.Mode == ServiceMode.Accuracy ? reference
        : Shortlist().Where(MayServe).Append(reference).MinBy(Cost)!;

    /// <summary>What a request of the present mixture costs with it.</summary>
    private double Cost(CandidateRecord record)
    {
        var profile = record.Profile ?? Reckoned(record);
        var most = workers.Count == 0 ? 1 : workers.Values.Max(worker => worker.Snapshot.MaxSequences);
        var context = meanContext + meanTokens / 2;
        var full = Math.Clamp(record.Candidate.KvTokens / context, 1, most);
        var now = workers.Count == 0 ? 1 : workers.Values.Average(worker => (double)worker.Snapshot.Sequences.Count(one => one.Phase == SequencePhase.Running));
        var batch = options.Mode == ServiceMode.Latency ? Math.Clamp(now, 1, full) : full;
        var iteration = profile.ConstantSeconds + batch * (profile.SecondsPerToken + profile.SecondsPerContextToken * context);
        var prefill = profile.PrefillSeconds(meanContext);
        return options.Mode switch
        {
            ServiceMode.Latency => prefill + meanTokens * iteration,
            ServiceMode.Energy => (prefill + meanTokens * iteration / batch) * Watts(record),
            _ => prefill + meanTokens * iteration / batch,
        };
    }

    private double Watts(CandidateRecord record) =>
        record.JoulesPerSecond > 0 ? record.JoulesPerSecond : reference.JoulesPerSecond > 0 ? reference.JoulesPerSecond : 1;

    // What nobody has run yet takes time in proportion to what it multiplies.
    private DeviceProfile Reckoned(CandidateRecord record)
    {
        var known = reference.Profile is not null || records.Find(one => one.Profile is not null) is not { } other ? reference : other;
        var (profile, share) = (known.Profile ?? DeviceProfile.GptJ6bA100, (double)record.Candidate.Parameters / known.Candidate.Parameters);
        return profile with
        {
            ConstantSeconds = profile.ConstantSeconds * share, SecondsPerToken = profile.SecondsPerToken * share,
            SecondsPerContextToken = profile.SecondsPerContextToken * record.Candidate.Layers / known.Candidate.Layers,
        };
    }

    // One that must give way makes room for what costs least from now on, the way there counted: more layers of itself, or another candidate.
    private CandidateRecord Cheapest(Seen worker) => options.Mode == ServiceMode.Accuracy ? reference
        : records.Where(MayServe).MinBy(to => Price(worker, to) + options.HorizonSeconds * Math.Max(LeastLoad, worker.Load) * Cost(to) / Cost(reference))!;

    // Seconds of the device that are saved within the horizon, at the load it has.
    private double Gain(Seen worker, CandidateRecord to)
    {
        var (from, cost) = (Cost(Find(worker.Snapshot.Model)!), Cost(to));
        return options.Mode == ServiceMode.Accuracy ? double.MaxValue
            : cost >= from * (1 - options.Hysteresis) ? 0 : options.HorizonSeconds * Math.Max(LeastLoad, worker.Load) * (1 - cost / from);
    }

    // What is parked there is computed anew when it returns; what runs ends first. More layers of the same model go on from the caches: only those are computed.
    private double Price(Seen worker, CandidateRecord to)
    {
        var (profile, from) = (to.Profile ?? Reckoned(to), Find(worker.Snapshot.Model)!.Candidate);
        if (from.Whole == to.Candidate.Whole && from.Layers < to.Candidate.Layers)
            return (1 - (double)from.Layers / to.Candidate.Layers) * worker.Snapshot.Sequences.Sum(one => profile.PrefillSeconds(one.DeviceTokens));
        return worker.Snapshot.Sequences.Where(one => one.Phase == SequencePhase.Parked).Sum(one => profile.PrefillSeconds(one.DeviceTokens + one.HostTokens));
    }

    private CandidateRecord? Find(string name) => records.Find(record => record.Candidate.Name == name);

    private sealed class Seen(WorkerSnapshot snapshot, double at, double load, string? target, double switchedAt)
    {
        public WorkerSnapshot Snapshot => snapshot;

        public double At => at;

        public double Load => load;

        public string? Target { get; set; } = target;

        public double SwitchedAt { get; set; } = switchedAt;
    }
}
