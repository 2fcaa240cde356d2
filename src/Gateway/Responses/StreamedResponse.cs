using Pharos.Gateway.Chat;

namespace Pharos.Gateway.Responses;

/// <summary>A response as named, numbered events.</summary>
/// <param name="finish">Keeps the response and gives its last form.</param>
internal sealed class StreamedResponse(
    HttpContext context, ResponseShape shape, OutputItems items, CollectedAnswer answer, Func<Task<ResponseBody>> finish, TimeProvider time, TimeSpan pingInterval)
    : StreamedAnswers(context, time, pingInterval)
{
    private int _number;

    protected override async Task Begin(CancellationToken ct)
    {
        await Say(new ResponseEvent("response.created", 0, shape.Begun()), ct);
        await Say(new ResponseEvent("response.in_progress", 0, shape.Begun()), ct);
    }

    protected override async Task Show(int index, ChatEvent step, CancellationToken ct)
    {
        answer.Add(step);
        foreach (var one in items.Take(step))
            await Say(one, ct);
        await ShowServerCall(step, ct);
    }

    protected override async Task Finish(CancellationToken ct)
    {
        var whole = await finish();
        await Say(new ResponseEvent($"response.{whole.Status}", 0, whole), ct);
    }

    protected override Task Fail(ChatEvent.Failed failed, CancellationToken ct) =>
        HasStarted ? Say(new ResponseEvent("response.failed", 0, shape.Failed(items.Done, failed.Because)), ct) : base.Fail(failed, ct);

    private Task Say(ResponseEvent one, CancellationToken ct) => Stream.Data(one with { SequenceNumber = _number++ }, ResponseJson.Readable.ResponseEvent, ct, one.Type);
}
