using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

public sealed class RequestLifeTests
{
    [Fact]
    public async Task Question_without_tools_is_answered()
    {
        await using var cluster = await PharosCluster.StartAsync();
        var seen = await cluster.RunAsync(cluster.Ask("who are you?"));
        Assert.Equal(NoticeKind.Finished, seen.Last.Kind);
        Assert.Equal(SegmentEndReason.Stop, seen.Last.Reason);
        Assert.NotEmpty(seen.Text);
        Assert.Equal(seen.Tokens.Length, seen.Last.Usage!.CompletionTokens);
    }

    [Theory]
    [InlineData("preserve")]
    [InlineData("swap")]
    [InlineData("discard")]
    [InlineData("lamps")]
    public async Task Server_side_tool_is_called_in_mid_stream_and_its_result_is_in_the_answer(string pause)
    {
        await using var cluster = await PharosCluster.StartAsync(("Policy:Pause", pause));
        cluster.Tools.Answer = _ => "5470";
        var seen = await cluster.RunAsync(cluster.Ask("What is 127*43+9?", ToolUse.Server), "sum");
        var call = Assert.Single(cluster.Tools.Calls);
        Assert.Equal("calculator", call.Name);
        Assert.Contains("127*43+9", call.Arguments);
        Assert.EndsWith("127*43+9 is 5470.", seen.Text);
        Assert.Equal(NoticeKind.Finished, seen.Last.Kind);
        var description = (await cluster.Request("sum").Describe())!;
        Assert.Equal("finished", description.State);
        var receipt = Assert.Single(description.Receipts);
        Assert.Equal("calculator", receipt.Tool);
        if (pause != "lamps")
            Assert.Equal(pause, receipt.Decision.ToString().ToLowerInvariant());
        Assert.All(await cluster.WorkersAsync(), worker => Assert.Equal(worker.Kv.DeviceBlocks, worker.Kv.DeviceFree));
    }
}
