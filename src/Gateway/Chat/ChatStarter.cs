using Pharos.Gateway.Access;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Http;
using Pharos.Grains.Tracing;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>Brings a request to its request grain: wakes the parked one its tool results belong to, or starts anew.</summary>
internal sealed partial class ChatStarter(
    RequestFactory factory, IClusterGrains grains, WorkerFeeds feeds, GrainRetry retry, GatewayIdentity gateway, GatewayOptions options, TimeProvider time, ChatIds ids, TenantGate tenants,
    ILogger<AnswerStream> logger)
{
    private const string OutOfReach = "The cluster is failing over; try again.";

    /// <summary>All answers that the request asks for; the first may go on from a parked one.</summary>
    /// <exception cref="ApiException">The request is wrong, or the cluster can't take it now.</exception>
    public Task<AnswerSet> Start(ChatRequest request, Caller caller, CancellationToken ct)
    {
        var spec = factory.Create(request, caller.Tenant);
        var plan = ResumePlan.From(request.Messages, request.Tools);
        return Start([.. Enumerable.Range(0, request.Answers).Select(answer => RequestFactory.Sibling(spec, answer))], spec.ToolUse == ToolUse.Client ? plan : null, ct);
    }

    /// <summary>An answer to each of <paramref name="specs"/>.</summary>
    /// <param name="plan">The parked request that the first is to wake; null: none.</param>
    /// <exception cref="ApiException">The cluster can't take them now.</exception>
    public async Task<AnswerSet> Start(IReadOnlyList<RequestSpec> specs, ResumePlan? plan, CancellationToken ct)
    {
        var started = new List<StartedAnswer>();
        try
        {
            foreach (var spec in specs)
                started.Add(await StartOne(spec, started.Count == 0 ? plan : null, ct));
            return new AnswerSet(started);
        }
        catch
        {
            await new AnswerSet(started).DisposeAsync();
            throw;
        }
    }

    private async Task<StartedAnswer> StartOne(RequestSpec spec, ResumePlan? plan, CancellationToken ct)
    {
        spec = spec with { Trace = PharosTrace.Current };
        try
        {
            await tenants.Spend(spec.Tenant, spec.Tokens.Length, ct);
            return (plan is null ? null : await Resume(plan, spec, ct)) ?? await StartAnew(spec, ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            LogNotStarted(exception);
            throw new ApiException(ApiError.Unavailable(OutOfReach));
        }
    }

    /// <summary>Null where nobody knows the parked request.</summary>
    private async Task<StartedAnswer?> Resume(ResumePlan plan, RequestSpec spec, CancellationToken ct)
    {
        var answer = Listen(plan.Request);
        var resume = new ResumeSpec(spec.Tenant, gateway.Id, plan.SegmentStart, plan.Results, plan.Transcript, spec.Options, ids.Next()) { Trace = spec.Trace };
        ResumeOutcome outcome;
        try
        {
            outcome = await retry.Call(
                async () => await grains.Request(plan.Request).Resume(resume) is { Kind: not ResumeKind.TooEarly } told
                    ? told
                    : throw new TimeoutException("The request has not heard yet that it is paused."),
                ct);
        }
        catch
        {
            answer.Leave();
            throw;
        }
        if (outcome.Kind == ResumeKind.Resumed)
            return new StartedAnswer($"{plan.Request}-{outcome.FromNotice}", answer, outcome.FromNotice, spec);
        answer.Leave();
        return outcome.Kind switch
        {
            ResumeKind.Forked => new StartedAnswer(outcome.Request, Listen(outcome.Request), outcome.FromNotice, spec),
            ResumeKind.Incomplete => throw new ApiException(ResumePlan.Unanswered(outcome.Because)),
            _ => null,
        };
    }

    private async Task<StartedAnswer> StartAnew(RequestSpec spec, CancellationToken ct)
    {
        var id = "";
        AnswerStream? answer = null;
        try
        {
            var accepted = await retry.Call(
                async () =>
                {
                    // An attempt that got no answer may have taken effect: it is given up, and the next goes under an id of its own.
                    if (answer is not null)
                        await answer.DisposeAsync();
                    answer = Listen(id = ids.Next());
                    return await grains.Request(id).Start(spec);
                },
                ct);
            if (!accepted.Accepted)
                throw new ApiException(ApiError.NotServed(accepted.Because ?? "The request was not accepted; try again.", accepted.TooLarge, accepted.RetryAfterSeconds));
            return new StartedAnswer(id, answer!, 0, spec);
        }
        catch (ApiException)
        {
            answer?.Leave();
            throw;
        }
        catch (Exception) when (answer is not null)
        {
            await answer.DisposeAsync();
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "A chat could not be started: the cluster does not answer.")]
    private partial void LogNotStarted(Exception exception);

    private AnswerStream Listen(string request) => new(request, grains, feeds, retry, time, options.FollowPatience, logger);
}
