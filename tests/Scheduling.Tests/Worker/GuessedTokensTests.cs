namespace Pharos.Scheduling.Tests.Worker;

public sealed class GuessedTokensTests
{
    [Fact]
    public void Right_guesses_save_iterations()
    {
        var story = new WorkerStory(maxDrafts: 4) { RightGuesses = () => 3 };
        var slot = story.Start("a", prompt: 10);
        story.Step();
        story.Core.Guess(slot, 3);
        story.Step();
        Assert.Equal(5, story.Generated(slot));
        Assert.Equal(10 + 5, slot.Length);
        Assert.Equal(slot.Length - 1, slot.Computed);
        Assert.Equal((3, 3), (story.Core.Totals.DraftedTokens, story.Core.Totals.AcceptedTokens));
    }

    [Fact]
    public void Behind_a_wrong_guess_nothing_counts()
    {
        var story = new WorkerStory(maxDrafts: 4) { RightGuesses = () => 1 };
        var slot = story.Start("a", prompt: 10);
        story.Step();
        story.Core.Guess(slot, 4);
        story.Step();
        Assert.Equal(12, slot.Computed);
        Assert.Equal(13, slot.Length);
        story.Steps(3);
        Assert.Equal(16, slot.Length);
        story.End(slot);
        story.AllIsFree();
    }

    [Fact]
    public void Guesses_take_no_place_from_those_that_decode_or_wait_in_memory()
    {
        var story = new WorkerStory(kvBlocks: 8, hostBlocks: 0, blockSize: 4, maxTokens: 3, maxSequences: 8, maxDrafts: 4);
        var slots = Enumerable.Range(0, 2).Select(i => story.Start($"r{i}", prompt: 3)).ToList();
        story.RunUntil(() => slots.TrueForAll(slot => story.Generated(slot) > 0));
        foreach (var slot in slots)
            story.Core.Guess(slot, 4);
        story.Step();
        Assert.All(slots, slot => Assert.True(story.RanLast(slot)));
        Assert.Equal(1, story.Plan.Batch.Sum(planned => planned.Drafts)); // three tokens an iteration: two are spoken for
    }
}
