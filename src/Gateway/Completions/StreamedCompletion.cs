using Pharos.Gateway.Chat;

namespace Pharos.Gateway.Completions;

/// <summary>Chunks of a text completion.</summary>
internal sealed class StreamedCompletion(HttpContext context, CompletionShape shape, int answers, bool includeUsage, TimeProvider time, TimeSpan pingInterval)
    : StreamedAnswers(context, time, pingInterval)
{
    private readonly int[] _offsets = new int[answers]; // characters of each answer so far

    protected override async Task Begin(CancellationToken ct)
    {
        if (shape.First() is { } echo)
            await Stream.Data(echo, CompletionJson.Readable.Completion, ct);
    }

    protected override async Task Show(int answer, ChatEvent step, CancellationToken ct)
    {
        if (shape.Of(answer, step, _offsets[answer]) is { } chunk)
            await Stream.Data(chunk, CompletionJson.Readable.Completion, ct);
        _offsets[answer] += (step as ChatEvent.Content)?.Text.Length ?? 0;
    }

    protected override async Task Finish(CancellationToken ct)
    {
        if (includeUsage)
            await Stream.Data(shape.Last([.. Usages]), CompletionJson.Readable.Completion, ct);
        await Stream.Done(ct);
    }
}
