using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Completions;

/// <summary>Writes answers as server-sent events, as <see cref="StreamedChat"/> does.</summary>
internal sealed class StreamedCompletion(HttpContext context, CompletionShape shape, TimeProvider time, TimeSpan pingInterval)
{
    private readonly SseWriter _stream = new(context.Response.BodyWriter);
    private readonly SortedList<int, RequestUsage> _ended = [];
    private bool _started;

    public async Task Write(TranslatedAnswers texts, bool includeUsage, CancellationToken ct)
    {
        var reading = new PingedReading(time, pingInterval);
        var offsets = new int[texts.Count];
        await using var steps = texts.Read(ct).GetAsyncEnumerator(ct);
        while (_ended.Count < texts.Count && await reading.Next(steps, () => Ping(ct), ct))
        {
            var (answer, step) = steps.Current;
            if (step is ChatEvent.Failed failed)
                throw new ApiException(ApiError.NotServed(failed.Because, failed.TooLarge, failed.RetryAfterSeconds)); // on the stream, where that has begun
            await Start(ct);
            if (shape.Of(answer, step, offsets[answer]) is { } chunk)
                await _stream.Data(chunk, CompletionJson.Readable.Completion, ct);
            offsets[answer] += (step as ChatEvent.Content)?.Text.Length ?? 0;
            if (step is ChatEvent.Ended { Usage: var usage })
                _ended.Add(answer, usage);
        }
        if (includeUsage)
            await _stream.Data(shape.Last([.. _ended.Values]), CompletionJson.Readable.Completion, ct);
        await _stream.Done(ct);
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
        if (shape.First() is { } echo)
            await _stream.Data(echo, CompletionJson.Readable.Completion, ct);
    }
}
