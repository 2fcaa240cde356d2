using Pharos.Gateway.Http;
using Pharos.Gateway.Metrics;

namespace Pharos.Gateway.Chat;

/// <summary>
/// Writes an answer as server-sent events. The status line waits for the first thing to show, so that a request that can't be served gets
/// a proper 503; a long wait starts the stream with a ping instead.
/// </summary>
internal sealed class StreamedChat(HttpContext context, ChatChunks chunks, ChatTranslator translator, AnswerClock clock, TimeProvider time, TimeSpan pingInterval)
{
    private readonly SseWriter _stream = new(context.Response.BodyWriter);
    private bool _started;

    public async Task Write(StartedChat chat, bool includeUsage, CancellationToken ct)
    {
        await using var steps = chat.Answer.Read(chat.FromNotice, ct).GetAsyncEnumerator(ct);
        while (await NextOrPing(steps.MoveNextAsync().AsTask(), ct))
        {
            foreach (var step in translator.Translate(steps.Current))
            {
                clock.Saw(step);
                await Show(step, includeUsage, ct);
            }
        }
    }

    private async Task<bool> NextOrPing(Task<bool> next, CancellationToken ct)
    {
        while (!next.IsCompleted)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var quiet = Task.Delay(pingInterval, time, waiting.Token);
            var first = await Task.WhenAny(next, quiet);
            await waiting.CancelAsync();
            if (first == next || ct.IsCancellationRequested)
                break;
            await Start(ct);
            await _stream.Ping(ct);
        }
        return await next;
    }

    private async Task Show(ChatEvent step, bool includeUsage, CancellationToken ct)
    {
        if (step is ChatEvent.Failed failed)
        {
            var error = ApiError.NotServed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds);
            if (!_started)
                throw new ApiException(error);
            await _stream.Data(OpenAiErrors.Envelope(error), OpenAiJson.Readable.ErrorEnvelope, ct);
            await _stream.Done(ct);
            return;
        }
        await Start(ct);
        switch (step)
        {
            case ChatEvent.ServerCall { Call: var call }:
                await _stream.Data(new ServerCallStarted(call.Id, call.Name, call.Arguments), OpenAiJson.Readable.ServerCallStarted, ct, "pharos.tool_call");
                break;
            case ChatEvent.ServerResult { Result: var result }:
                var returned = new ServerCallReturned(result.CallId, result.Name, result.Content, result.Seconds, result.Failed);
                await _stream.Data(returned, OpenAiJson.Readable.ServerCallReturned, ct, "pharos.tool_result");
                break;
            default:
                if (chunks.Of(step) is { } chunk)
                    await _stream.Data(chunk, OpenAiJson.Readable.ChatChunk, ct);
                break;
        }
        if (step is ChatEvent.Ended { Usage: var usage })
        {
            if (includeUsage)
                await _stream.Data(chunks.Usage(usage), OpenAiJson.Readable.ChatChunk, ct);
            await _stream.Done(ct);
        }
    }

    private async Task Start(CancellationToken ct)
    {
        if (_started)
            return;
        _started = true;
        SseWriter.Prepare(context.Response);
        await _stream.Data(chunks.First(), OpenAiJson.Readable.ChatChunk, ct);
    }
}
