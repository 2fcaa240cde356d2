using Pharos.Inference.Sampling;

namespace Pharos.Inference.Tests.Sampling;

public sealed class PromptLookupTests
{
    [Fact]
    public void What_followed_last_time_is_guessed() =>
        Assert.Equal([4, 5, 9], PromptLookup.Find([7, 1, 2, 3, 8, 1, 2, 3, 4, 5, 9, 1, 2, 3], 3));

    [Fact]
    public void Text_that_runs_in_a_circle_is_guessed_up_to_its_end() => Assert.Equal([5], PromptLookup.Find([5, 5, 5, 5], 8));

    [Fact]
    public void Two_tokens_are_enough_where_three_never_stood_together() => Assert.Equal([3, 9, 1, 2], PromptLookup.Find([1, 2, 3, 9, 1, 2], 8));

    [Fact]
    public void Nothing_is_guessed_of_a_text_that_does_not_repeat()
    {
        Assert.Equal([], PromptLookup.Find([1, 2, 3, 4, 5], 8));
        Assert.Equal([], PromptLookup.Find([1], 8));
        Assert.Equal([], PromptLookup.Find([1, 2, 1, 2], 0));
    }
}
