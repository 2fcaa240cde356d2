using Pharos.Gateway.Requests;

namespace Pharos.Gateway.Chat;

/// <summary>Chunks of a chat completion.</summary>
/// <param name="answers">How many there are.</param>
internal sealed class StreamedChat(HttpContext context, ChatChunks chunks, int answers, bool includeUsage, TimeProvider time, TimeSpan pingInterval)
    : StreamedAnswers(context, time, pingInterval)
{
    protected override async Task Begin(CancellationToken ct)
    {
        for (var answer = 0; answer < answers; answer++)
            await Stream.Data(chunks.First(answer), OpenAiJson.Readable.ChatChunk, ct);
    }

    protected override Task Show(int answer, ChatEvent step, CancellationToken ct) =>
        chunks.Of(answer, step) is { } chunk ? Stream.Data(chunk, OpenAiJson.Readable.ChatChunk, ct) : ShowServerCall(step, ct);

    protected override async Task Finish(CancellationToken ct)
    {
        if (includeUsage)
            await Stream.Data(chunks.Usage(AnswerUsage.Sum(Usages)), OpenAiJson.Readable.ChatChunk, ct);
        await Stream.Done(ct);
    }
}
