using System.Collections.Immutable;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;

namespace Pharos.Grains;

/// <summary>
/// The global scheduler of one model pool (its key): ranks what waits, routes, learns. Its state is soft: workers report every
/// half second and waiting requests ask again, so a lost scheduler is whole again within two seconds.
/// </summary>
[Alias("pharos.scheduler")]
public interface ISchedulerGrain : IGrainWithStringKey
{
    /// <summary>Puts a request in the queue, or says again that it waits (idempotent by request and epoch).</summary>
    [Alias("enqueue")] Task<EnqueueOutcome> Enqueue(RequestDescriptor descriptor);

    /// <summary>It waits no longer: cancelled, or finished.</summary>
    [Alias("withdraw")] Task Withdraw(string request);

    /// <summary>What a worker is and has; answered with what workers need to know.</summary>
    [Alias("report")] Task<PoolDirective> Report(WorkerSnapshot snapshot);

    /// <summary>A worker is gone: nothing is routed there until it reports again.</summary>
    [Alias("worker-lost")] Task WorkerLost(string worker);

    /// <summary>A segment ended: what the predictor learns from.</summary>
    [Alias("learn")] Task Learn(SegmentOutcome outcome);

    [Alias("describe")] Task<PoolDescription> Describe();

    /// <summary>The latest requests by arrival, the newest first; those of a scheduler before this one are forgotten.</summary>
    [Alias("requests")] Task<ImmutableArray<RequestSummary>> Requests(int most);

    /// <summary>Switches policies while requests wait and run; null: leaves that one. What waits is ranked anew, and workers follow with their next report.</summary>
    /// <exception cref="ArgumentException">No policy has that name.</exception>
    [Alias("switch-policies")] Task<PoolPolicies> SwitchPolicies(string? rank, string? pause);

    /// <summary>Which sequences should move to other workers now, and why; unless it is a dry run, they are told to.</summary>
    [Alias("rebalance")] Task<Scheduling.Migration.MigrationPlan> Rebalance(bool dryRun);

    /// <summary>Rank, position and reason of a waiting request; null when it does not wait here.</summary>
    [Alias("explain")] Task<RankDescription?> Explain(string request);
}

/// <summary>Calls one server-side tool of the registry (its key) through its resilience pipeline.</summary>
[Alias("pharos.tool")]
public interface IToolGrain : IGrainWithStringKey
{
    /// <summary>
    /// Starts the call, or looks after it if one of that id was started: asked again after a lost answer, the tool is not called twice. Null: it
    /// still runs, ask again at once; a call that nobody asks for is stopped. Never throws for a failing tool: the failure is the result.
    /// </summary>
    /// <param name="secret">What the tool proves itself by when it says more of this call; null: it has nothing.</param>
    /// <param name="trace">The span that the call is below, as W3C's <c>traceparent</c>; null: nobody traces it.</param>
    [Alias("call"), AlwaysInterleave] Task<Scheduling.Requests.ToolResult?> Call(Scheduling.Requests.ToolCall call, string? secret = null, string? trace = null);

    /// <summary>Nobody wants the result any more.</summary>
    [Alias("cancel"), AlwaysInterleave] Task Cancel(string call);
}

/// <param name="Promise">What those that come now are promised; null where the ranking promises nothing.</param>
/// <param name="Models">The choice among its candidates; null: it has one.</param>
[GenerateSerializer, Alias("pharos.pool-description")]
public sealed record PoolDescription(
    [property: Id(0)] string Pool, [property: Id(1)] int Waiting, [property: Id(2)] ImmutableArray<WorkerSnapshot> Workers,
    [property: Id(3)] ImmutableArray<ToolForecast> Tools, [property: Id(4)] string RankPolicy, [property: Id(5)] string PausePolicy,
    [property: Id(6)] PromiseState? Promise = null, [property: Id(7)] ModelChoice? Models = null);
