using Pharos.Gateway.Http;
using Pharos.Gateway.Requests;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>
/// Writes answers as server-sent events. The status line waits for the first thing to show, so that a request that can't be served gets
/// a proper 503; a long wait starts the stream with a ping instead.
/// </summary>
internal sealed class StreamedChat(HttpContext context, ChatChunks chunks, TimeProvider time, TimeSpan pingInterval)
{
    private readonly SseWriter _stream = new(context.Response.BodyWriter);
    private readonly SortedList<int, RequestUsage> _ended = [];
    private int _answers;
    private bool _started;

    public async Task Write(TranslatedAnswers chat, bool includeUsage, CancellationToken ct)
    {
        _answers = chat.Count;
        var reading = new PingedReading(time, pingInterval);
        await using var steps = chat.Read(ct).GetAsyncEnumerator(ct);
        while (await reading.Next(steps, () => Ping(ct), ct))
        {
            await Show(steps.Current.Answer, steps.Current.Step, ct);
            if (_ended.Count == _answers)
            {
                if (includeUsage)
                    await _stream.Data(chunks.Usage(AnswerUsage.Sum(_ended.Values)), OpenAiJson.Readable.ChatChunk, ct);
                await _stream.Done(ct);
                return;
            }
        }
    }

    private async Task Ping(CancellationToken ct)
    {
        await Start(ct);
        await _stream.Ping(ct);
    }

    private async Task Show(int answer, ChatEvent step, CancellationToken ct)
    {
        if (step is ChatEvent.Failed failed)
            throw new ApiException(ApiError.NotServed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds)); // on the stream, where that has begun
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
                if (chunks.Of(answer, step) is { } chunk)
                    await _stream.Data(chunk, OpenAiJson.Readable.ChatChunk, ct);
                break;
        }
        if (step is ChatEvent.Ended { Usage: var usage })
            _ended.Add(answer, usage);
    }

    private async Task Start(CancellationToken ct)
    {
        if (_started)
            return;
        _started = true;
        SseWriter.Prepare(context.Response);
        for (var answer = 0; answer < _answers; answer++)
            await _stream.Data(chunks.First(answer), OpenAiJson.Readable.ChatChunk, ct);
    }
}
