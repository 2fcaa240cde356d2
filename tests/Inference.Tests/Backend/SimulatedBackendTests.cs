using Pharos.Inference.Backend;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Backend;

public sealed class SimulatedBackendTests
{
    private static readonly int[] Prompt = [.. "user\nhello\n".Select(c => (int)c)];

    [Fact]
    public async Task Segment_EndsWithinItsBounds_AndIsMadeOfTheAlphabet()
    {
        var options = new SimulatedBackendOptions { MinSegment = 3, MaxSegment = 9 };
        var lengths = new HashSet<int>();
        for (ulong seed = 0; seed < 60; seed++)
        {
            await using var backend = new SimulatedBackend(options with { Seed = seed });
            int[] tokens = await new StepDriver(backend).GenerateAsync(new TestSequence(0, 1, 2), Prompt, 12);
            int end = Array.IndexOf(tokens, options.EosToken);
            Assert.InRange(end, 3, 9);
            Assert.All(tokens[..end], t => Assert.Contains(t, options.Alphabet));
            lengths.Add(end);
        }
        Assert.Equal(7, lengths.Count);
    }

    [Fact]
    public async Task RowThatWantsItsLogits_GetsSomeThatMeanTheSameToken()
    {
        await using var backend = new SimulatedBackend(new SimulatedBackendOptions { MinSegment = 20 });
        var driver = new StepDriver(backend);
        int[] tokens = await driver.GenerateAsync(new TestSequence(0, 1, 2), Prompt, 3);
        Assert.Equal(tokens[^1], driver.Result.Tokens[0]);
        Assert.Equal(tokens[^1], Pharos.Inference.Sampling.Sampler.ArgMax(driver.Result.Logits.AsSpan(0, backend.Model.VocabularySize)));
    }

    [Fact]
    public async Task OneTokenChangedFarBack_ChangesTheAnswers()
    {
        await using var backend = new SimulatedBackend(new SimulatedBackendOptions { MinSegment = 20 });
        int[] changed = [.. Prompt];
        (changed[0], changed[1]) = (changed[1], changed[0]);
        int[] a = await new StepDriver(backend).GenerateAsync(new TestSequence(0, 1, 2), Prompt, 16);
        int[] b = await new StepDriver(backend).GenerateAsync(new TestSequence(3, 4, 5), changed, 16);
        Assert.NotEqual(a, b);
    }

    [Fact]
    public async Task Time_PassesAsConfigured()
    {
        var time = new ManualTime();
        await using var backend = new SimulatedBackend(
            new SimulatedBackendOptions { StepTime = TimeSpan.FromMilliseconds(5), DecodeTokensPerSecond = 100, PrefillTokensPerSecond = 1100 }, time);
        var driver = new StepDriver(backend);
        var step = driver.RunAsync(new Part(new TestSequence(0), Prompt), new Part(new TestSequence(1), [5]), new Part(new TestSequence(2), [6]));
        time.Advance(TimeSpan.FromMilliseconds(34.9));
        Assert.False(step.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(0.2));
        await step; // 5 ms + 2 decodes at 10 ms + 11 tokens at 1/1100 s
        Assert.Equal(0.035, driver.Result.Seconds, 1e-9);
    }

    /// <summary>A clock that moves when told to.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly List<Timer> timers = [];
        private TimeSpan now;

        public void Advance(TimeSpan by)
        {
            now += by;
            foreach (var timer in timers.Where(t => t.Due <= now).ToArray())
            {
                timers.Remove(timer);
                timer.Callback(timer.State);
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(callback, state, now + dueTime);
            timers.Add(timer);
            return timer;
        }

        private sealed record Timer(TimerCallback Callback, object? State, TimeSpan Due) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
