using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pool;

namespace Pharos.Scheduling.Tests.Models;

/// <summary>A pool of a large model, its first layers, and a small model; requests of 50 tokens on contexts of 100.</summary>
public sealed class ModelSelectorTests
{
    private static readonly Candidate Large = new("large", 12, 4_000_000, 4_000, IsReference: true), Shallow = new("large@4", 4, 1_400_000, 20_000, IsReference: false),
        Small = new("small", 6, 1_300_000, 16_000, IsReference: false);

    private static readonly DeviceProfile Slow = new(4e-3, 1e-4, 0, 512, 1e6);
    private readonly Dictionary<string, (string Model, long Report, long Tokens, long Differing, long Answers, double Busy)> workers = [];
    private readonly Dictionary<string, long> generated = [], incarnations = [];
    private ModelSelector pool = new(new SelectorOptions(), [Large, Shallow, Small]);
    private double now = 1000;

    [Fact]
    public void A_candidate_serves_when_audits_have_shown_that_it_says_the_same_and_not_before()
    {
        Tell("a", "large");
        Assert.Null(Decide());
        Assert.Equal(1, pool.AuditShare);
        Assert.Equal(["large@4", "small"], pool.Audited.Order(StringComparer.Ordinal));
        Tell("a", "large", audited: ("small", 200, 0)); // with 95 % certainty below 1.4 %
        Assert.Null(Decide());
        Tell("a", "large", audited: ("small", 200, 0));
        var chosen = Decide()!.Value;
        Assert.Equal(("a", "small"), (chosen.Worker, chosen.Candidate));
        Assert.Equal("small", pool.TargetOf("a"));
        Assert.Contains("a request costs", chosen.Because);
    }

    [Fact]
    public void Workers_switch_one_after_the_other_and_the_second_when_the_first_has_answered()
    {
        Tell("a", "large", audited: ("small", 500, 0));
        Tell("b", "large");
        Assert.Equal("a", Decide()!.Value.Worker);
        Assert.Null(Decide()); // a is under way
        Tell("a", "small");
        Tell("b", "large");
        Assert.Null(Decide()); // nobody has seen it answer here
        Tell("a", "small", answers: 5);
        Tell("b", "large");
        Assert.Equal("b", Decide()!.Value.Worker);
    }

    [Fact]
    public void One_that_is_found_to_differ_by_more_than_is_allowed_gives_way_at_once()
    {
        Tell("a", "large", audited: ("small", 500, 0));
        Assert.Equal("small", Decide()!.Value.Candidate);
        Tell("a", "small", answers: 10, audited: ("small", 500, 20));
        var back = Decide()!.Value;
        Assert.Equal(("a", "large"), (back.Worker, back.Candidate));
        Assert.Contains("may differ", back.Because);
        Assert.False(pool.Describe().Candidates.Single(one => one.Name == "small").MayServe);
        Assert.Equal(2, pool.Describe().Switches);
    }

    [Fact]
    public void Caches_that_a_switch_loses_have_a_price()
    {
        var parked = new HeldSequence("r", 1, SequencePhase.Parked, 2_000_000, 2_000_000, 0);
        Tell("a", "large", audited: ("small", 500, 0), held: parked);
        Assert.Null(Decide()); // computing them anew would take longer than the horizon saves
        Tell("a", "large");
        Assert.NotNull(Decide());
    }

    [Fact]
    public void Who_wants_accuracy_gets_the_largest()
    {
        pool = new ModelSelector(new SelectorOptions(ServiceMode.Accuracy), [Large, Shallow, Small]);
        Tell("a", "small", audited: ("small", 10_000, 0));
        Assert.Equal("large", Decide()!.Value.Candidate);
        Tell("a", "large");
        Assert.Null(Decide());
        Assert.Empty(pool.Audited);
    }

    [Fact]
    public void Other_requests_than_before_must_be_proven_anew()
    {
        Tell("a", "large", audited: ("small", 500, 0));
        Assert.Equal("small", Decide()!.Value.Candidate);
        for (var i = 0; i < 20; i++)
            Tell("a", "small", answers: 10, tokens: 50);
        Assert.Equal(0, pool.Describe().Drifts);
        for (var i = 0; i < 20 && pool.Describe().Drifts == 0; i++)
            Tell("a", "small", answers: 10, tokens: 800);
        Assert.Equal(1, pool.Describe().Drifts);
        Assert.Equal("large", Decide()!.Value.Candidate);
        Assert.Equal(1, pool.AuditShare);
    }

    [Fact]
    public void A_candidate_that_was_measured_to_be_slow_is_not_chosen_for_its_size()
    {
        Tell("a", "large", audited: ("small", 500, 0));
        Tell("b", "small", profile: Slow with { ConstantSeconds = 8e-3, SecondsPerToken = 2e-4 }, answers: 10);
        var chosen = Decide()!.Value;
        Assert.Equal(("b", "large"), (chosen.Worker, chosen.Candidate));
    }

    [Fact]
    public void What_a_candidate_took_in_its_first_iterations_is_not_believed()
    {
        var slow = Slow with { ConstantSeconds = 8e-3, SecondsPerToken = 2e-4 };
        Tell("a", "large", audited: ("small", 500, 0));
        Tell("b", "small", profile: slow, answers: 10, iterations: 100);
        Assert.False(IsMeasured("small"));
        Assert.Equal("small", Decide()!.Value.Candidate);
        Tell("b", "small", profile: slow, iterations: 1000);
        Assert.True(IsMeasured("small"));
    }

    [Fact]
    public void A_report_that_was_overtaken_counts_for_nothing()
    {
        Tell("a", "large", audited: ("small", 500, 0));
        var late = Snapshot("a", "large", report: 1, new AuditTally("small", 100_000, 100_000));
        pool.Report(late, now);
        Assert.Equal(500, pool.Describe().Candidates.Single(one => one.Name == "small").AuditedTokens);
    }

    [Fact]
    public void Drift_is_seen_soon_and_noise_is_none()
    {
        var dice = new Random(3);
        var detector = new DriftDetector(tolerance: 0.1, alarm: 5);
        for (var i = 0; i < 5_000; i++)
            Assert.False(detector.Observe(1 + 0.3 * (dice.NextDouble() - 0.5)), $"alarm at {i}");
        var seen = Enumerable.Range(1, 100).First(_ => detector.Observe(2 + 0.3 * (dice.NextDouble() - 0.5)));
        Assert.InRange(seen, 2, 20);
    }

    private bool IsMeasured(string candidate) => pool.Describe().Candidates.Single(one => one.Name == candidate).IsMeasured;

    private CandidateSwitch? Decide() => pool.Decide(now += 15);

    private void Tell(
        string worker, string model, (string Candidate, long Tokens, long Differing) audited = default, long answers = 0, long tokens = 50, DeviceProfile? profile = null, long iterations = 1000, params HeldSequence[] held)
    {
        var before = workers.GetValueOrDefault(worker);
        var isNew = before.Model != model;
        incarnations[worker] = incarnations.GetValueOrDefault(worker) + (isNew ? 1 : 0);
        var all = isNew ? (model, before.Report + 2, 0, 0, 0, 0) : before;
        all = (model, all.Report + 1, all.Tokens + audited.Tokens, all.Differing + audited.Differing, all.Answers + answers, all.Busy + 1);
        generated[worker] = (isNew ? 0 : generated.GetValueOrDefault(worker)) + answers * tokens;
        workers[worker] = all;
        var share = model switch { "large" => 1, "large@4" => 0.35, _ => 0.33 };
        pool.Report(
            Snapshot(worker, model, all.Report, new AuditTally(audited.Candidate ?? "small", all.Tokens, all.Differing), iterations) with
            {
                Sequences = [.. held], Profile = profile ?? Slow with { ConstantSeconds = Slow.ConstantSeconds * share, SecondsPerToken = Slow.SecondsPerToken * share },
            },
            now += 1);
    }

    private WorkerSnapshot Snapshot(string worker, string model, long report, AuditTally audits, long iterations = 1000)
    {
        var told = workers.GetValueOrDefault(worker);
        return new WorkerSnapshot(
            worker, "silo", "cpu0", model, Incarnation: incarnations.GetValueOrDefault(worker), report, WorkerState.Active, new KvUse(16, 1, 1000, 900, 0, 0, 0), 64, 1024, 0.01, 1, [],
            new WorkerCounters(iterations, 0, generated.GetValueOrDefault(worker), 0, 0, 0, 0, 0, 0, 0), Slow,
            Candidate: new CandidateReport(told.Busy, told.Busy * 9, "model", told.Answers, told.Answers * 100, [audits]));
    }
}
