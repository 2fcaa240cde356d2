using Pharos.Scheduling.Ranking;

namespace Pharos.Scheduling.Tests.Ranking;

public sealed class UnstartedRequestsTests
{
    private readonly UnstartedRequests unstarted = new();

    [Fact]
    public void Request_that_lost_its_worker_and_came_again_counts_once_and_stands_last()
    {
        Add("a", at: 1);
        Add("b", at: 2);
        unstarted.Remove("b"); // started
        Add("c", at: 3);
        Add("b", at: 4);
        Assert.Equal(3, unstarted.SecondsFrom(0));
        unstarted.Remove("a");
        Assert.Equal(3, unstarted.OldestFrom(0));
        unstarted.Remove("c");
        Assert.Equal(4, unstarted.OldestFrom(0));
    }

    [Fact]
    public void Old_one_is_not_forgotten_however_many_pass_it()
    {
        Add("large", at: 0, size: 1000);
        for (var i = 1; i <= 150_000; i++)
        {
            Add($"r{i}", at: i);
            unstarted.Remove($"r{i}");
        }

        Assert.Equal(0, unstarted.OldestFrom(1000));
        Assert.Equal(1, unstarted.SecondsFrom(0));
    }

    [Fact]
    public void Where_starts_are_not_told_the_oldest_are_forgotten()
    {
        for (var i = 0; i < 150_000; i++)
            Add($"r{i}", at: i);
        Assert.Equal(50_000, unstarted.OldestFrom(0));
        Assert.Null(unstarted.Find("r49999"));
    }

    private void Add(string request, double at, double size = 10) => unstarted.Add(request, new Unstarted(size, 1, at));
}
