using Pharos.Scheduling.Batching;

namespace Pharos.Scheduling.Tests.Batching;

public sealed class GoodputValueTests
{
    private static readonly ServiceObjective Chat = ServiceObjective.Chat;

    [Fact]
    public void Lost_request_counts_for_next_to_nothing_until_it_has_grown_old()
    {
        Assert.True(GoodputValue.Weight(isLost: true, 2, 0, Chat) < 0.02 * GoodputValue.Weight(isLost: false, 0.5, 0, Chat));
        Assert.True(GoodputValue.Weight(isLost: true, 20, 0, Chat) > GoodputValue.Weight(isLost: false, 0.5, 0, Chat)); // twenty objectives are the end of patience
    }

    [Fact]
    public void Token_that_came_buys_time() =>
        Assert.True(GoodputValue.Weight(isLost: true, 20, 30, Chat) < GoodputValue.Weight(isLost: true, 20, 0, Chat) / 10);

    [Theory]
    [InlineData(false, 0, 50, false)]
    [InlineData(false, 1, 50, true)]
    [InlineData(false, 1, 150, false)] // the 99th percentile spares one of a hundred
    [InlineData(false, 2, 150, true)]
    [InlineData(true, 0, 1000, true)] // nothing mends a late first token
    public void Objective_is_missed_for_good_by_a_late_first_token_or_more_than_one_late_gap_of_a_hundred(bool firstWasLate, int lateGaps, double tokens, bool isLost) =>
        Assert.Equal(isLost, GoodputValue.IsLost(firstWasLate, lateGaps, tokens));
}
