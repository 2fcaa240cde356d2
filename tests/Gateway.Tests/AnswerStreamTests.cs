using System.Threading.Channels;
using Pharos.Gateway.Answers;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Tests;

public sealed class AnswerStreamTests
{
    private static readonly RequestNotice PlacedOnFirst = new(0, NoticeKind.Placed, "w1", 1, 10, 10);
    private static readonly RequestNotice PlacedOnSecond = new(1, NoticeKind.Placed, "w2", 2, 10, 12);
    private static readonly RequestNotice Finished = new(2, NoticeKind.Finished, Usage: RequestUsage.None, Reason: SegmentEndReason.Stop);

    private readonly FakeCluster _cluster = new();

    [Fact(Timeout = Fakes.GuardMilliseconds)]
    public async Task Read_WorkerDies_ReportsWhatWasDeliveredAndGoesOnElsewhere()
    {
        var notices = Follow();
        await using var answer = _cluster.Listen();
        var reading = ReadAll(answer);

        await notices.Writer.WriteAsync(PlacedOnFirst);
        var first = await _cluster["w1"].Opened;
        await first.Writer.WriteAsync(_cluster["w1"].Batch(1, 10, [1, 2], "ab"));
        first.Writer.Complete(new SiloUnavailableException());
        var (worker, epoch, delivered) = await _cluster.Lost.Reader.ReadAsync();
        Assert.Equal(("w1", 1), (worker, epoch));
        Assert.Equal([1, 2], delivered);

        await notices.Writer.WriteAsync(PlacedOnSecond);
        var second = await _cluster["w2"].Opened;
        await second.Writer.WriteAsync(_cluster["w2"].Batch(2, 12, [3], "c", SegmentEndReason.Stop));
        await notices.Writer.WriteAsync(Finished);

        Assert.Equal("abc", Text(await reading));
    }

    [Fact(Timeout = Fakes.GuardMilliseconds)]
    public async Task Read_ReportingTheLossFailsAtFirst_IsTriedAgain()
    {
        var notices = Follow();
        _cluster.WorkerLostFails.Enqueue(new TimeoutException());
        await using var answer = _cluster.Listen();
        var reading = ReadAll(answer);

        await notices.Writer.WriteAsync(PlacedOnFirst);
        (await _cluster["w1"].Opened).Writer.Complete(new SiloUnavailableException());
        Assert.Equal("w1", (await _cluster.Lost.Reader.ReadAsync()).Worker);

        await notices.Writer.WriteAsync(new RequestNotice(1, NoticeKind.Failed, Text: "enough"));
        Assert.Equal(new AnswerEvent.Failed("enough"), (await reading)[^1]);
    }

    [Fact(Timeout = Fakes.GuardMilliseconds)]
    public async Task Read_TheLossCannotBeReportedAtAll_FailsRatherThanHang()
    {
        var notices = Follow();
        _cluster.WorkerLostFails.Enqueue(new NotSupportedException("a bug"));
        await using var answer = _cluster.Listen();
        var reading = ReadAll(answer);

        await notices.Writer.WriteAsync(PlacedOnFirst);
        (await _cluster["w1"].Opened).Writer.Complete(new SiloUnavailableException());

        Assert.IsType<AnswerEvent.Failed>((await reading)[^1]);
    }

    [Fact(Timeout = Fakes.GuardMilliseconds)]
    public async Task Read_NoticesBreakOff_AreReadOnFromTheNextNumber()
    {
        var (before, after) = (Follow(), Follow());
        await using var answer = _cluster.Listen();
        var reading = ReadAll(answer);

        await before.Writer.WriteAsync(PlacedOnFirst);
        before.Writer.Complete(new SiloUnavailableException());
        await after.Writer.WriteAsync(Finished with { Number = 1 });
        var feed = await _cluster["w1"].Opened;
        await feed.Writer.WriteAsync(_cluster["w1"].Batch(1, 10, [1], "a", SegmentEndReason.Stop));

        Assert.Equal("a", Text(await reading));
        Assert.Equal([0, 1], _cluster.FollowedFrom);
    }

    [Fact(Timeout = Fakes.GuardMilliseconds)]
    public async Task Read_RequestOutOfReachForTooLong_Fails()
    {
        Follow().Writer.Complete(new SiloUnavailableException());
        await using var answer = _cluster.Listen(patience: TimeSpan.Zero);

        Assert.IsType<AnswerEvent.Failed>(Assert.Single(await ReadAll(answer)));
    }

    [Fact(Timeout = Fakes.GuardMilliseconds)]
    public async Task Read_ClientGoesAway_CancelsTheRequest()
    {
        var notices = Follow();
        using var client = new CancellationTokenSource();
        var answer = _cluster.Listen();
        var reading = ReadAll(answer, client.Token);
        await notices.Writer.WriteAsync(PlacedOnFirst);
        await _cluster["w1"].Opened;

        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await answer.DisposeAsync();

        Assert.Equal("The client went away.", await _cluster.Cancelled.Task);
    }

    [Fact(Timeout = Fakes.GuardMilliseconds)]
    public async Task DisposeAsync_AfterTheEnd_CancelsNothing()
    {
        var notices = Follow();
        var answer = _cluster.Listen();
        await notices.Writer.WriteAsync(new RequestNotice(0, NoticeKind.Failed, Text: "no"));
        await ReadAll(answer);

        await answer.DisposeAsync();

        Assert.False(_cluster.Cancelled.Task.IsCompleted);
    }

    private Channel<RequestNotice> Follow()
    {
        var notices = Channel.CreateUnbounded<RequestNotice>();
        _cluster.Follows.Enqueue(notices);
        return notices;
    }

    private static async Task<List<AnswerEvent>> ReadAll(AnswerStream answer, CancellationToken ct = default)
    {
        var events = new List<AnswerEvent>();
        await foreach (var one in answer.Read(0, ct))
            events.Add(one);
        return events;
    }

    private static string Text(IEnumerable<AnswerEvent> events) => string.Concat(events.OfType<AnswerEvent.Text>().Select(text => text.Value));
}
