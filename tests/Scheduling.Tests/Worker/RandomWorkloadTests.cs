using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Tests.Worker;

/// <summary>Random lives on tiny devices: whatever happens, contexts are whole, everybody gets to the end, and nothing is left behind.</summary>
public sealed class RandomWorkloadTests
{
    public static TheoryData<string, string> Policies => new()
    {
        { "fcfs", "preserve" }, { "fcfs", "swap" }, { "fcfs", "discard" }, { "fcfs", "lamps" },
        { "pharos", "pharos" }, { "fcfs", "pharos" }, { "fcfs", "infercept" }, { "pharos", "swap" },
        { "lamps", "preserve" }, { "lamps", "swap" }, { "lamps", "discard" }, { "lamps", "lamps" },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void Random_workload_ends_with_everybody_served_and_everything_free(string rank, string pause)
    {
        var (shared, guessed) = (0L, 0L);
        for (var seed = 0; seed < 40; seed++)
        {
            try
            {
                var (found, right) = Run(rank, pause, seed);
                (shared, guessed) = (shared + found, guessed + right);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed} of {rank} x {pause}: {failure.Message}", failure);
            }
        }

        Assert.True(shared > 100, $"only {shared} tokens were shared");
        Assert.True(guessed > 100, $"only {guessed} tokens were guessed");
    }

    [Theory]
    [InlineData("density", "pharos")]
    [InlineData("density", "swap")]
    [InlineData("apt-serve", "discard")]
    [InlineData("density", "preserve")]
    public void Random_workload_composed_by_density_ends_so_too(string compose, string pause)
    {
        var compact = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            try
            {
                _ = Run("fcfs", pause, seed, story =>
                {
                    var dice = new Random(seed);
                    story.Core.Composition = (compose == "density" ? BatchComposition.Density : BatchComposition.Published) with
                    {
                        Compact = dice.Next(4) == 0 ? null : CacheForm.Hidden, MaxCompactContext = dice.Next(2, 120), RebuildSeconds = dice.NextDouble() * 1e-5,
                        Objective = new ServiceObjective(dice.NextDouble(), dice.NextDouble() * 0.1),
                    };
                }, planned => compact += planned.Sequence.Form == CacheForm.Hidden ? 1 : 0);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed} of {compose} x {pause}: {failure.Message}", failure);
            }
        }

        Assert.True(compact > 1000, $"only {compact} times a compact cache was used");
    }

    private static (long Shared, long Guessed) Run(string rank, string pause, int seed, Action<WorkerStory>? prepare = null, Action<PlannedSequence>? watch = null)
    {
        var dice = new Random(seed);
        var blockSize = dice.Next(1, 6);
        var blocks = dice.Next(4, 40);
        var slowLink = WorkerStory.FastLink with { SwapTokensPerSecond = dice.Next(2) == 0 ? 1e6 : 10 };
        var story = new WorkerStory(
            blocks, dice.Next(0, 30), blockSize, dice.Next(1, 40), dice.Next(1, 9), dice.Next(1, 20), rank, pause, slowLink, loadsAhead: seed % 2 == 0,
            cachedBlocks: dice.Next(3) switch { 0 => 0, 1 => dice.Next(1, 8), _ => blocks }, maxDrafts: dice.Next(2) * 4, promptsApart: seed % 3 == 0)
        {
            RightGuesses = () => dice.Next(4),
        };
        prepare?.Invoke(story);
        var toCome = dice.Next(5, 25);
        var lives = new List<Life>();
        for (var step = 0; toCome > 0 || lives.Count > 0; step++)
        {
            Assert.True(step < 20_000, $"no end: {string.Join(", ", lives.Select(life => $"{life.Slot.Request} {life.Slot.Phase} {life.Slot.Computed}/{life.Slot.Length}"))}");
            if (toCome > 0 && dice.Next(3) == 0)
            {
                var prompt = dice.Next(1, Math.Max(2, blocks * blockSize));
                var slot = story.Quote($"r{toCome--}", dice.Next(3), dice.Next(0, blocks * blockSize), Math.Min(prompt, blocks * blockSize - 1), dice.Next(2), dice.Next(1, 30));
                lives.Add(new Life(slot) { Left = dice.Next(1, 15), Pauses = dice.Next(0, 4) });
            }

            if (lives.Count > 0 && dice.Next(60) == 0)
                End(story, lives, lives[dice.Next(lives.Count)]); // cancelled, wherever it is

            foreach (var life in lives.Where(life => life.Slot.Phase == SequencePhase.Parked && life.BackAt <= story.Now).ToList())
            {
                var appended = dice.Next(0, 10);
                if (life.Slot.Length + appended >= story.Core.LargestContext)
                    End(story, lives, life);
                else
                    story.Return(life.Slot, appended, 0);
                life.Left = dice.Next(1, 15);
            }

            story.Step();
            if (story.Plan.IsEmpty)
                story.Wait(0.05);
            foreach (var alone in story.Plan.OutOfMemory.ToList())
            {
                Assert.Equal(1, story.Core.Running);
                End(story, lives, lives.Single(life => life.Slot == alone));
            }

            foreach (var planned in story.Plan.Batch.Where(planned => planned.Samples).ToList())
            {
                watch?.Invoke(planned);
                if (lives.FirstOrDefault(life => life.Slot == planned.Sequence) is not { } life)
                    continue;
                story.Core.Guess(life.Slot, dice.Next(6));
                if (--life.Left > 0)
                    continue;
                if (life.Pauses-- > 0)
                {
                    life.BackAt = story.Now + dice.NextDouble() * 0.5;
                    story.Park(life.Slot, dice.NextDouble());
                }
                else
                {
                    End(story, lives, life);
                }
            }
        }

        story.AllIsFree();
        return (story.Core.Totals.SharedTokens, story.Core.Totals.AcceptedTokens);
    }

    private static void End(WorkerStory story, List<Life> lives, Life life)
    {
        story.End(life.Slot);
        lives.Remove(life);
    }

    private sealed class Life(SequenceSlot slot)
    {
        public SequenceSlot Slot => slot;

        public int Left { get; set; }

        public int Pauses { get; set; }

        public double BackAt { get; set; }
    }
}
