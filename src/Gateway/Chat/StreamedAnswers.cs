using Pharos.Gateway.Http;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>
/// Writes answers as server-sent events, in the words of one of the APIs. The status line waits for the first thing to show, so that a request that can't be served
/// gets a proper 503; a long wait starts the stream with a ping instead.
/// </summary>
internal abstract class StreamedAnswers(HttpContext context, TimeProvider time, TimeSpan pingInterval)
{
    private readonly SortedList<int, RequestUsage> _ended = [];

    protected SseWriter Stream { get; } = new(context.Response.BodyWriter);

    /// <summary>Something has been written: the status is settled.</summary>
    protected bool HasStarted { get; private set; }

    /// <summary>[answer] of those that have ended.</summary>
    protected IList<RequestUsage> Usages => _ended.Values;

    public async Task Write(TranslatedAnswers answers, CancellationToken ct)
    {
        using var reading = new PingedReading(time, pingInterval);
        await using var steps = answers.Read(ct).GetAsyncEnumerator(ct);
        Func<Task> ping = () => Ping(ct);
        while (_ended.Count < answers.Count && await reading.Next(steps, ping, ct))
        {
            var (answer, step) = steps.Current;
            if (step is ChatEvent.Failed failed)
            {
                await Fail(failed, ct);
                return;
            }
            if (!HasStarted)
                await Start(ct);
            await Show(answer, step, ct);
            if (step is ChatEvent.Ended { Usage: var usage })
                _ended.Add(answer, usage);
        }
        await Finish(ct);
    }

    /// <summary>What comes before anything else.</summary>
    protected abstract Task Begin(CancellationToken ct);

    protected abstract Task Show(int answer, ChatEvent step, CancellationToken ct);

    /// <summary>All answers have ended.</summary>
    protected abstract Task Finish(CancellationToken ct);

    /// <exception cref="ApiException">Becomes the status, or an event where the stream has begun.</exception>
    protected virtual Task Fail(ChatEvent.Failed failed, CancellationToken ct) =>
        throw new ApiException(ApiError.NotServed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds));

    /// <summary>A call that the cluster makes, or its result, as an event of its own name; nothing for other steps.</summary>
    protected async Task ShowServerCall(ChatEvent step, CancellationToken ct)
    {
        if (step is ChatEvent.ServerCall { Call: var call })
            await Stream.Data(new ServerCallStarted(call.Id, call.Name, call.Arguments), OpenAiJson.Readable.ServerCallStarted, ct, "pharos.tool_call");
        else if (step is ChatEvent.ServerResult { Result: var result })
            await Stream.Data(new ServerCallReturned(result.CallId, result.Name, result.Content, result.Seconds, result.Failed), OpenAiJson.Readable.ServerCallReturned, ct, "pharos.tool_result");
    }

    private async Task Ping(CancellationToken ct)
    {
        if (!HasStarted)
            await Start(ct);
        await Stream.Ping(ct);
    }

    private async Task Start(CancellationToken ct)
    {
        HasStarted = true;
        SseWriter.Prepare(context.Response);
        await Begin(ct);
    }
}
