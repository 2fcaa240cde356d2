using Pharos.Gateway.Access;
using Pharos.Gateway.Answers;
using Pharos.Gateway.Http;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>An answer under way.</summary>
/// <param name="Id">Of the response; it names the request, and the answer where that has several.</param>
internal sealed record StartedChat(string Id, AnswerStream Answer, int FromNotice, RequestSpec Spec);

/// <summary>Brings a chat request to its request grain: wakes the parked one its tool results belong to, or starts anew.</summary>
internal sealed partial class ChatStarter(
    RequestFactory factory, IClusterGrains grains, WorkerFeeds feeds, GrainRetry retry, GatewayIdentity gateway, GatewayOptions options, TimeProvider time, ChatIds ids, TenantGate tenants,
    ILogger<AnswerStream> logger)
{
    private const string OutOfReach = "The cluster is failing over; try again.";

    /// <exception cref="ApiException">The request is wrong, or the cluster can't take it now.</exception>
    public async Task<StartedChat> Start(ChatRequest request, Caller caller, CancellationToken ct)
    {
        var spec = factory.Create(request, caller.Tenant);
        await tenants.Spend(caller.Tenant, spec.Tokens.Length, ct);
        try
        {
            var resumed = ResumePlan.From(request.Messages, request.Tools) is { } plan && spec.ToolUse == ToolUse.Client ? await Resume(plan, spec, ct) : null;
            return resumed ?? await StartAnew(spec, ct);
        }
        catch (Exception exception) when (GrainRetry.IsTransient(exception, ct))
        {
            LogNotStarted(exception);
            throw new ApiException(ApiError.Unavailable(OutOfReach));
        }
    }

    /// <summary>Null where nobody knows the parked request.</summary>
    private async Task<StartedChat?> Resume(ResumePlan plan, RequestSpec spec, CancellationToken ct)
    {
        var answer = Listen(plan.Request);
        var resume = new ResumeSpec(spec.Tenant, gateway.Id, plan.SegmentStart, plan.Results, plan.Transcript, spec.Options, ids.Next());
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
            return new StartedChat($"{plan.Request}-{outcome.FromNotice}", answer, outcome.FromNotice, spec);
        answer.Leave();
        return outcome.Kind switch
        {
            ResumeKind.Forked => new StartedChat(outcome.Request, Listen(outcome.Request), outcome.FromNotice, spec),
            ResumeKind.Incomplete => throw new ApiException(ResumePlan.Unanswered(outcome.Because)),
            _ => null,
        };
    }

    private async Task<StartedChat> StartAnew(RequestSpec spec, CancellationToken ct)
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
            return new StartedChat(id, answer!, 0, spec);
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
