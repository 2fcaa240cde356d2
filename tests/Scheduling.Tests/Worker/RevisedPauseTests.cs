using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>Pauses that are thought over in every iteration (INFERCEPT), and caches that come back beside an iteration.</summary>
public sealed class RevisedPauseTests
{
    [Fact]
    public void Unknown_tool_keeps_its_cache_at_first_and_loses_it_when_the_wait_grows()
    {
        var story = Story(new InferceptPause(knowsDuration: false), hostBlocks: 0);
        var slot = story.RunUntilTool(story.Start("a", 40), expectedSeconds: 100);
        story.Start("other", 8);
        story.Step();
        Assert.Equal(40, slot.DeviceTokens);
        story.Wait(100);
        story.Step();
        Assert.Equal(0, slot.DeviceTokens);
        Assert.Equal(PauseAction.Discard, Assert.Single(story.Revisions).Revision.Decision);
    }

    [Fact]
    public void Known_long_tool_gives_its_cache_up_at_once()
    {
        var story = Story(new InferceptPause(knowsDuration: true), hostBlocks: 0);
        var slot = story.RunUntilTool(story.Start("a", 40), expectedSeconds: 100);
        story.Step();
        Assert.Equal(0, slot.DeviceTokens);
    }

    [Fact]
    public void Link_takes_what_it_moves_in_an_iteration_and_the_most_wasteful_first()
    {
        var story = Story(new InferceptPause(knowsDuration: true), profile: WorkerStory.FastLink with { SwapTokensPerSecond = 1000 });
        var brief = story.Start("brief", 20);
        var lengthy = story.Start("long", 20);
        story.RunUntil(() => story.Generated(brief) >= 1 && story.Generated(lengthy) >= 1);
        story.Park(brief, expectedSeconds: 1e-4);
        story.Park(lengthy, expectedSeconds: 100);
        story.Step();
        Assert.Equal((0, 4), (brief.HostTokens, lengthy.HostTokens)); // a block takes 4 ms, an iteration without tokens 1 ms
        Assert.Contains("the link", Assert.Single(story.Revisions).Revision.Because);
        story.RunUntil(() => { story.Wait(0.01); return lengthy.HostTokens == 20; }, within: 5);
        Assert.Single(story.Revisions);
    }

    [Fact]
    public void Cache_that_comes_back_is_copied_beside_one_iteration_and_runs_in_the_next()
    {
        var story = new WorkerStory(pause: "swap", loadsAhead: true);
        var slot = story.RunUntilTool(story.Start("a", 20));
        story.Start("other", 8);
        story.Steps(2);
        story.Return(slot);
        story.Step();
        Assert.NotEmpty(story.Plan.Copies);
        Assert.False(story.RanLast(slot));
        story.Step();
        Assert.True(story.RanLast(slot));
    }

    private static WorkerStory Story(IPausePolicy pausing, int hostBlocks = 64, DeviceProfile? profile = null)
    {
        var story = new WorkerStory(hostBlocks: hostBlocks, profile: profile);
        story.Core.Pausing = pausing;
        return story;
    }
}
