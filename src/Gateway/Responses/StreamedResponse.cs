using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;

namespace Pharos.Gateway.Responses;

/// <summary>Writes a response as named, numbered server-sent events. The status line waits for the first step, as in a streamed chat.</summary>
/// <param name="finish">Keeps the response and gives its last form.</param>
internal sealed class StreamedResponse(
    HttpContext context, ResponseShape shape, OutputItems items, CollectedAnswer answer, Func<Task<ResponseBody>> finish, TimeProvider time, TimeSpan pingInterval)
{
    private readonly SseWriter _stream = new(context.Response.BodyWriter);
    private int _number;
    private bool _started;

    public async Task Write(TranslatedAnswers steps, CancellationToken ct)
    {
        var reading = new PingedReading(time, pingInterval);
        await using var read = steps.Read(ct).GetAsyncEnumerator(ct);
        while (await reading.Next(read, () => Ping(ct), ct))
        {
            var step = read.Current.Step;
            if (step is ChatEvent.Failed failed)
            {
                await Fail(failed, ct);
                return;
            }
            await Start(ct);
            answer.Add(step);
            foreach (var one in items.Take(step))
                await Say(one, ct);
            await ShowServerCall(step, ct);
        }
        var whole = await finish();
        await Say(new ResponseEvent($"response.{whole.Status}", 0, whole), ct);
    }

    private async Task Fail(ChatEvent.Failed failed, CancellationToken ct)
    {
        if (!_started)
            throw new ApiException(ApiError.NotServed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds));
        await Say(new ResponseEvent("response.failed", 0, shape.Failed(items.Done, failed.Because)), ct);
    }

    private async Task ShowServerCall(ChatEvent step, CancellationToken ct)
    {
        if (step is ChatEvent.ServerCall { Call: var call })
            await _stream.Data(new ServerCallStarted(call.Id, call.Name, call.Arguments), OpenAiJson.Readable.ServerCallStarted, ct, "pharos.tool_call");
        else if (step is ChatEvent.ServerResult { Result: var result })
            await _stream.Data(new ServerCallReturned(result.CallId, result.Name, result.Content, result.Seconds, result.Failed), OpenAiJson.Readable.ServerCallReturned, ct, "pharos.tool_result");
    }

    private async Task Ping(CancellationToken ct)
    {
        await Start(ct);
        await _stream.Ping(ct);
    }

    private async Task Start(CancellationToken ct)
    {
        if (_started)
            return;
        _started = true;
        SseWriter.Prepare(context.Response);
        await Say(new ResponseEvent("response.created", 0, shape.Begun()), ct);
        await Say(new ResponseEvent("response.in_progress", 0, shape.Begun()), ct);
    }

    private Task Say(ResponseEvent one, CancellationToken ct) => _stream.Data(one with { SequenceNumber = _number++ }, ResponseJson.Readable.ResponseEvent, ct, one.Type);
}
