using System.Threading.Channels;
using Pharos.Gateway.Answers;

namespace Pharos.Gateway.Tests;

public sealed class WorkerFeedsTests
{
    private readonly FakeCluster _cluster = new();

    [Fact]
    public async Task Subscribe_SecondAnswerOfTheSameRequest_BothGetTheDeltasAndTheFirstKeepsThemWhenItLeaves()
    {
        await using var feeds = _cluster.Feeds();
        var (first, second) = (Inputs(), Inputs());
        using var stays = feeds.Subscribe("r", first);
        var leaves = feeds.Subscribe("r", second);
        stays.PlacedOn("w1");
        var feed = await _cluster["w1"].Opened;

        await feed.Writer.WriteAsync(_cluster["w1"].Batch(1, 10, [1], "a"));
        Assert.Equal("a", await Text(first));
        Assert.Equal("a", await Text(second));

        leaves.Dispose();
        await feed.Writer.WriteAsync(_cluster["w1"].Batch(1, 11, [2], "b"));
        Assert.Equal("b", await Text(first));
        Assert.False(second.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Dispose_FirstOfTwoAnswers_TheSecondHearsOfTheLoss()
    {
        await using var feeds = _cluster.Feeds();
        var (first, second) = (Inputs(), Inputs());
        var leaves = feeds.Subscribe("r", first);
        using var stays = feeds.Subscribe("r", second);
        leaves.PlacedOn("w1");
        stays.PlacedOn("w1");
        var feed = await _cluster["w1"].Opened;

        leaves.Dispose();
        leaves.Dispose();
        feed.Writer.Complete(new SiloUnavailableException());

        Assert.Equal(new AnswerInput.FeedLost("w1"), await second.Reader.ReadAsync());
        Assert.False(first.Reader.TryRead(out _));
    }

    private static Channel<AnswerInput> Inputs() => Channel.CreateUnbounded<AnswerInput>();

    private static async Task<string> Text(Channel<AnswerInput> inputs) => Assert.IsType<AnswerInput.Delta>(await inputs.Reader.ReadAsync()).Value.Text;
}
