using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

public sealed class IterationTests
{
    [Fact]
    public void Long_prompt_is_computed_in_chunks_beside_decodes_under_the_token_budget()
    {
        var story = new WorkerStory(maxTokens: 20, chunk: 16);
        var chat = story.Start("chat", prompt: 10);
        story.Step();
        var report = story.Start("report", prompt: 50);

        story.Step();

        Assert.Equal([(chat, 1, true), (report, 16, false)], story.Plan.Batch.Select(planned => (planned.Sequence, planned.Count, planned.Samples)));
        story.Steps(3);
        Assert.Equal(2, story.Plan.Batch[^1].Count); // 16 + 16 + 16 + 2
        Assert.True(story.Plan.Batch[^1].Samples);
        Assert.Equal(5, story.Generated(chat)); // never held up
    }

    [Fact]
    public void Last_admitted_is_preempted_when_a_decode_needs_a_block_and_comes_back_whole()
    {
        var story = new WorkerStory(kvBlocks: 10);
        var first = story.Start("first", prompt: 16);
        var second = story.Start("second", prompt: 16);
        story.RunUntil(() => second.Preemptions == 1);

        Assert.Equal(SequencePhase.Waiting, second.Phase);
        Assert.Equal(SequencePhase.Running, first.Phase);
        Assert.True(second.HostTokens > 0);

        story.End(first);
        story.RunUntil(() => story.RanLast(second));
        Assert.Equal(0, story.Core.Totals.RecomputedTokens);
        Assert.Equal(1, story.Core.Totals.Preemptions);
    }

    [Fact]
    public void Sequence_that_alone_outgrows_the_device_is_out_of_memory()
    {
        var story = new WorkerStory(kvBlocks: 4);
        var slot = story.Start("endless", prompt: 10);
        story.RunUntil(() => story.Plan.OutOfMemory.Count > 0);

        Assert.Same(slot, Assert.Single(story.Plan.OutOfMemory));
        Assert.Equal(16, slot.Computed); // every slot of the device was used
        Assert.Empty(story.Plan.Batch);
        story.End(slot);
        story.AllIsFree();
    }

    [Fact]
    public void Context_that_cannot_fit_is_refused_before_it_is_held()
    {
        var story = new WorkerStory(kvBlocks: 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => story.Start("too large", prompt: 16));
        var slot = story.RunUntilTool(story.Start("a", prompt: 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => story.Return(slot, tokens: 5));
        Assert.Equal(SequencePhase.Parked, slot.Phase);
    }

    [Fact]
    public void More_sequences_than_the_budget_has_tokens_never_starve_the_last()
    {
        var story = new WorkerStory(maxTokens: 2, maxSequences: 8);
        var slots = Enumerable.Range(0, 4).Select(i => story.Start($"r{i}", prompt: 2)).ToList();
        story.Steps(20);

        Assert.Equal(2, story.Core.Running); // a token each, every iteration
        Assert.True(Math.Abs(story.Generated(slots[0]) - story.Generated(slots[1])) <= 2);
    }

    [Fact]
    public void Passed_over_a_hundred_times_a_request_goes_first_until_it_ends()
    {
        var story = new WorkerStory(kvBlocks: 16, maxSequences: 1, rank: "lamps");
        var large = story.Start("large", prompt: 40, tokens: 1000);
        var passes = 0;
        for (var i = 0; large.Phase == SequencePhase.Waiting; i++)
        {
            var small = story.Start($"small{i}", prompt: 4, tokens: 1); // always a better one
            story.Step();
            if (large.Phase == SequencePhase.Running)
                break;
            passes++;
            Assert.True(story.RanLast(small));
            story.End(small);
        }

        Assert.Equal(100, passes);
    }

    [Fact]
    public void Lower_priority_is_sooner_and_comes_before_the_score()
    {
        var story = new WorkerStory(maxSequences: 1);
        var first = story.Start("first", prompt: 4, priority: 5);
        var urgent = story.Start("urgent", prompt: 4, priority: -1);
        story.Step();
        Assert.True(story.RanLast(urgent));
        Assert.Equal(SequencePhase.Waiting, first.Phase);
    }

    [Fact]
    public void First_that_does_not_fit_ends_the_round()
    {
        var story = new WorkerStory(kvBlocks: 16);
        story.Start("running", prompt: 40);
        story.Step();
        var large = story.Start("large", prompt: 40);
        var small = story.Start("small", prompt: 4);
        story.Steps(3);
        Assert.Equal((SequencePhase.Waiting, SequencePhase.Waiting), (large.Phase, small.Phase));
    }

    [Fact]
    public void Policy_can_be_replaced_while_requests_wait()
    {
        var story = new WorkerStory(maxSequences: 1);
        var blocker = story.Start("blocker", prompt: 4);
        story.Step();
        story.Start("long", prompt: 100, tokens: 500);
        var brief = story.Start("brief", prompt: 4, tokens: 2);
        story.Core.Ranking = RankingPolicies.Find("lamps");
        story.Steps(11); // scores are computed anew every ten iterations
        story.End(blocker);
        story.Step();
        Assert.True(story.RanLast(brief));
    }

    [Fact]
    public void Steady_state_allocates_nothing()
    {
        var limits = new WorkerLimits(16, 4096, 64, 256, 64, 128);
        var core = new WorkerCore(limits, WorkerStory.FastLink, new LampsRanking(), new Scheduling.Pausing.LeastWastePause());
        for (var i = 0; i < 80; i++)
            core.Admit(new SequenceStart($"r{i}", 1, i, 0, 20, 20, WorkerStory.Forecast(50)), 0);
        var now = 0.0;
        for (var i = 0; i < 300; i++)
            Iterate();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Iterate();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((64, 16), (core.Running, core.Waiting));

        void Iterate()
        {
            var plan = core.Plan(now += 0.01);
            core.Commit(WorkerStory.FastLink.IterationSeconds(plan.Tokens, plan.ContextTokens));
        }
    }
}
