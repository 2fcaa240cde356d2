using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

public sealed class ComposedBatchTests
{
    private static readonly ServiceObjective Quick = new(1, 1);

    [Fact]
    public void Short_newcomer_takes_the_memory_of_a_long_one_once_that_has_paid_for_its_prefill()
    {
        var story = new WorkerStory(kvBlocks: 20, blockSize: 4, pause: "pharos", profile: WorkerStory.FastLink with { SwapTokensPerSecond = 1e5 });
        story.Core.Composition = BatchComposition.Density with { Objective = Quick };
        var large = story.Start("large", 60, tokens: 500);
        for (var i = 0; i < 4; i++)
            story.Step();
        Assert.Equal(SequencePhase.Running, large.Phase);

        var small = story.Start("small", 40, tokens: 5);
        story.RunUntil(() => story.Generated(small) == 1);

        Assert.NotEqual(SequencePhase.Running, large.Phase); // the two do not fit together
        Assert.True(story.Generated(large) >= 10, "it ran for less than bringing it in took");
    }

    [Fact]
    public void Newcomer_that_can_be_in_time_goes_before_one_that_is_too_late()
    {
        var story = new WorkerStory(kvBlocks: 12, blockSize: 4, pause: "pharos");
        story.Core.Composition = BatchComposition.Density with { Objective = Quick };
        var late = story.Start("late", 40, tokens: 20);
        story.Wait(2);
        var fresh = story.Start("fresh", 40, tokens: 20);
        story.Step();
        Assert.Equal(SequencePhase.Running, fresh.Phase);
        Assert.Equal(SequencePhase.Waiting, late.Phase);
    }

    [Fact]
    public void Request_with_an_objective_of_its_own_is_judged_by_that()
    {
        var story = new WorkerStory(kvBlocks: 12, blockSize: 4, pause: "pharos");
        story.Core.Composition = BatchComposition.Density with { Objective = Quick };
        var patient = story.Start("patient", 40, tokens: 20, objective: new ServiceObjective(60, 1));
        story.Wait(2);
        var impatient = story.Start("impatient", 40, tokens: 20, objective: new ServiceObjective(1e-9, 1)); // lost as soon as it waits
        story.Wait(0.1);
        story.Step();
        Assert.Equal(SequencePhase.Running, patient.Phase);
        Assert.Equal(SequencePhase.Waiting, impatient.Phase);
    }

    [Fact]
    public void Nobody_waits_for_ever_beside_a_stream_of_shorter_ones()
    {
        var story = new WorkerStory(kvBlocks: 12, blockSize: 4, pause: "pharos");
        story.Core.Composition = BatchComposition.Density with { Objective = new ServiceObjective(0.01, 0.01) };
        var large = story.Start("large", 40, tokens: 200);
        for (var i = 0; story.Generated(large) == 0; i++)
        {
            Assert.True(i < 1000, "a thousand short ones went before");
            var small = story.Start($"small{i}", 30, tokens: 2);
            story.RunUntil(() => story.Generated(small) == 2 || story.Generated(large) > 0);
            story.End(small);
        }
    }

    [Fact]
    public void Prompts_apart_go_first_and_whole_and_decodes_wait_for_them()
    {
        var story = new WorkerStory(maxTokens: 32, promptsApart: true);
        var first = story.Start("first", 10);
        story.Step().Step();
        Assert.Equal(2, story.Generated(first));

        var second = story.Start("second", 20);
        var third = story.Start("third", 20); // both do not fit an iteration whole
        story.Step();
        Assert.Equal([("second", 20)], story.Plan.Batch.Select(planned => (planned.Sequence.Request, planned.Count)));
        story.Step();
        Assert.Equal([("third", 20)], story.Plan.Batch.Select(planned => (planned.Sequence.Request, planned.Count)));
        story.Step();
        Assert.Equal(3, story.Plan.Batch.Count);
        Assert.Equal((3, 2, 2), (story.Generated(first), story.Generated(second), story.Generated(third)));
    }

    [Fact]
    public void As_published_decodes_go_on_while_they_have_waited_longer_than_all_that_is_new()
    {
        var story = new WorkerStory(maxTokens: 64, promptsApart: true, pause: "discard");
        story.Core.Composition = BatchComposition.Published with { Objective = Quick };
        var running = story.Start("running", 10);
        story.Step();
        story.Wait(0.5);
        var fresh = story.Start("fresh", 10);
        story.Step();
        Assert.True(story.RanLast(running));
        Assert.False(story.RanLast(fresh));

        story.Step(); // now it is the other way round
        Assert.True(story.RanLast(fresh));
        Assert.False(story.RanLast(running));
    }
}
