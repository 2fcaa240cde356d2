using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Metrics;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Routing;

namespace Pharos.Grains;

/// <summary>The shell around <see cref="PoolCore"/>. Turns are handed out beside its own turns, so that no call chain closes on itself.</summary>
[KeepAlive]
public sealed partial class SchedulerGrain(IOptions<PharosOptions> options, ModelFamily family, TimeProvider time, ILogger<SchedulerGrain> log) : Grain, ISchedulerGrain
{
    private readonly PoolCore core = new(
        new PoolLimits(MaxQueued: options.Value.MaxQueued, MovesCaches: options.Value.Migration.Automatic), DeviceProfile.GptJ6bA100, RankingPolicies.Find(options.Value.Policy.Rank, options.Value.Policy.Promise), options.Value.Prediction.Priors,
        RoutingPolicies.Find(options.Value.Policy.Route), options.Value.WeightOf);

    private readonly PoolJournal journal = new();

    private double Now => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    public override Task OnActivateAsync(CancellationToken ct)
    {
        this.RegisterGrainTimer(_ => Watch(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    public Task<EnqueueOutcome> Enqueue(RequestDescriptor descriptor)
    {
        var outcome = core.Enqueue(descriptor);
        foreach (var shed in core.TakeShed())
            Send(shed.Request, request => request.Shed(shed.Because, shed.RetryAfterSeconds)).Forget();
        if (outcome.Kind == EnqueueKind.Queued && core.IsWaiting(descriptor.Request))
            journal.Queued(descriptor, Now);
        HandOut();
        return Task.FromResult(outcome);
    }

    public Task Withdraw(string request)
    {
        core.Withdraw(request);
        journal.Withdrawn(request, Now);
        return Task.CompletedTask;
    }

    public Task<PoolDirective> Report(WorkerSnapshot snapshot)
    {
        core.Report(snapshot, Now);
        journal.Reported(snapshot, Now);
        selector?.Report(snapshot, Now);
        HandOut();
        return Task.FromResult(new PoolDirective(core.Ranking.Name, PausePolicy, core.Predictor.Tools, core.Promise, OrderFor(snapshot.Worker)));
    }

    public Task WorkerLost(string worker)
    {
        core.Remove(worker);
        selector?.Remove(worker);
        return Task.CompletedTask;
    }

    public Task Learn(SegmentOutcome outcome)
    {
        core.Learn(outcome);
        journal.Learned(outcome, Now);
        return Task.CompletedTask;
    }

    public Task<PoolDescription> Describe() => Task.FromResult(new PoolDescription(
        this.GetPrimaryKeyString(), core.WaitingCount, core.Workers, core.Predictor.Tools, core.Ranking.Name, PausePolicy, core.Promise, selector?.Describe()));

    public Task<RankDescription?> Explain(string request) => Task.FromResult(
        core.Explain(request) is { } rank ? new RankDescription(core.Ranking.Name, rank.Score, rank.Position, rank.Because) : null);

    public Task<ImmutableArray<RequestSummary>> Requests(int most) => Task.FromResult(journal.Latest(most));

    private void HandOut()
    {
        var began = time.GetTimestamp();
        var placements = core.Dispatch(Now);
        PoolMetrics.Ran(time.GetElapsedTime(began).TotalSeconds);
        foreach (var placement in placements)
        {
            PoolMetrics.Placed(placement.WaitSeconds, placement.IsPromoted);
            journal.Placed(placement.Request, placement.Worker, Now);
            Send(placement.Request, request => request.Dispatch(placement.Route, placement.Forecast)).Forget();
        }
    }

    // The gateways notice a lost worker first, by their streams; this is for sequences whose gateway is gone too.
    private async Task Watch()
    {
        await AskForChoice();
        foreach (var lost in core.Expire(Now))
            Send(lost.Request, request => request.WorkerLost(lost.Worker, lost.Epoch, [], byReader: false)).Forget();
        ChooseCandidates();
        HandOut();
        if (options.Value.Migration.Automatic)
            CarryOut(core.PlanMigrations(Now));
        foreach (var used in core.TakeUsed())
        {
            PoolMetrics.Used(used);
            if (!options.Value.LimitsOf(used.Tenant).IsNone)
                GrainFactory.GetGrain<ITenantGrain>(used.Tenant).Used(used).Forget(); // lost, it is not counted
        }
    }

    private async Task Send(string request, Func<IRequestGrain, Task> say)
    {
        try
        {
            await say(GrainFactory.GetGrain<IRequestGrain>(request));
        }
        catch (Exception failure)
        {
            NotHeard(log, request, failure); // it asks again within a second
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Request {Request} could not be told of its turn, or to move.")]
    private static partial void NotHeard(ILogger log, string request, Exception failure);
}
