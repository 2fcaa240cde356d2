using FsCheck;
using FsCheck.Fluent;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Batching;

public sealed class DensityKnapsackTests
{
    [Fact]
    public void TwoOfThree_AreServedInHalfTheMemory_WhenThatIsWorthItsDelay()
    {
        // Ten blocks each as keys and values, five as hidden states at a cost of 0.3 s to all; 20 blocks for three that have waited for a second.
        BatchOption[] options = [.. Enumerable.Range(0, 3).SelectMany(i => (BatchOption[])[new(i, CacheForm.Kv, 10, 1.0), new(i, CacheForm.Hidden, 5, 0.7)])];
        var chosen = new int[3];
        Assert.Equal(1.0 + 0.7 + 0.7, new DensityKnapsack().Solve(options, 20, chosen), 12);
        Assert.Equal([CacheForm.Hidden, CacheForm.Hidden, CacheForm.Kv], chosen.Select(i => options[i].Form).Order().Reverse());
    }

    [Fact]
    public void RebuildingThatCostsMoreThanHalf_IsNotWorthIt()
    {
        // Value per block: keys and values 0.1, hidden states 0.08: the latter are inside the hull.
        BatchOption[] options = [.. Enumerable.Range(0, 3).SelectMany(i => (BatchOption[])[new(i, CacheForm.Kv, 10, 1.0), new(i, CacheForm.Hidden, 5, 0.4)])];
        var chosen = new int[3];
        Assert.Equal(2.0, new DensityKnapsack().Solve(options, 20, chosen), 12);
        Assert.Equal(2, chosen.Count(i => i >= 0 && options[i].Form == CacheForm.Kv));
    }

    [Fact]
    public void OneLargeRequest_IsNotLostToASmallDenseOne()
    {
        BatchOption[] options = [new(0, CacheForm.Kv, 1, 0.2), new(1, CacheForm.Kv, 10, 1.0)];
        var chosen = new int[2];
        Assert.Equal(1.0, new DensityKnapsack().Solve(options, 10, chosen), 12);
        Assert.Equal([-1, 1], chosen);
    }

    [Fact]
    public void WhatIsChosen_FitsAndIsWorthHalfOfTheOptimum() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(ArbMap.Default.ArbFor<int>(), CheckAgainstBruteForce));

    private static void CheckAgainstBruteForce(int seed)
    {
        var dice = new Random(seed);
        var candidates = 1 + dice.Next(7);
        var capacity = 1 + dice.Next(40);
        BatchOption[] options = [.. Enumerable.Range(0, candidates).SelectMany(i => Enumerable.Range(0, 1 + dice.Next(3))
            .Select(_ => new BatchOption(i, (CacheForm)dice.Next(3), 1 + dice.Next(25), Math.Round(dice.NextDouble() * 3 - 0.3, 2))))];
        var chosen = new int[candidates];
        var solver = new DensityKnapsack();
        _ = solver.Solve(options, capacity, chosen); // a solver that has worked before gives the same
        var value = solver.Solve(options, capacity, chosen);
        var taken = chosen.Where(i => i >= 0).Select(i => options[i]).ToList();
        Assert.True(taken.Sum(option => option.Blocks) <= capacity);
        Assert.All(Enumerable.Range(0, candidates), i => Assert.True(chosen[i] < 0 || options[chosen[i]].Candidate == i && options[chosen[i]].Value > 0));
        Assert.Equal(taken.Sum(option => option.Value), value, 9);
        Assert.True(value >= Best(options, 0, capacity) / 2 - 1e-9, $"{value} of {Best(options, 0, capacity)}");
    }

    // Brute force over the options from here on.
    private static double Best(ReadOnlySpan<BatchOption> options, int candidate, int capacity)
    {
        if (options.IsEmpty)
            return 0;
        var end = 0;
        while (end < options.Length && options[end].Candidate == options[0].Candidate)
            end++;
        var best = Best(options[end..], candidate + 1, capacity);
        foreach (var option in options[..end])
        {
            if (option.Blocks <= capacity)
                best = Math.Max(best, option.Value + Best(options[end..], candidate + 1, capacity - option.Blocks));
        }

        return best;
    }
}
