using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;

namespace Pharos.Scheduling.Tests.Costs;

/// <summary>Every formula worked by hand on a device of round numbers: c = 10 ms, a = 1 ms, budget 100 tokens, link 1,000 tokens/s.</summary>
public sealed class MemoryTimeTests
{
    private static readonly DeviceProfile Device = new(0.01, 0.001, 0, 100, 1000);

    [Fact]
    public void Iteration_prefill_decode_and_swap_times()
    {
        Assert.Equal(0.06, Device.IterationSeconds(50, 1_000_000), 12);
        Assert.Equal(0.011, Device.DecodeSeconds, 12);
        Assert.Equal(0.11, Device.PrefillSeconds(100), 12); // one iteration
        Assert.Equal(0.17, Device.PrefillSeconds(150), 12); // two iterations
        Assert.Equal(0, Device.PrefillSeconds(0));
        Assert.Equal(0.1, Device.SwapSeconds(100), 12);
        Assert.Equal(0.0325872, DeviceProfile.GptJ6bA100.IterationSeconds(384, 0), 9); // 16.92 ms + 384 x 0.0408 ms
        Assert.Equal(43_597, DeviceProfile.GptJ6bA100.SwapTokensPerSecond, 0);
    }

    [Fact]
    public void Attended_context_is_the_same_in_one_piece_and_in_chunks()
    {
        Assert.Equal(11, DeviceProfile.ContextAttended(10, 1));
        Assert.Equal(5050, DeviceProfile.ContextAttended(0, 100));
        Assert.Equal(5050, DeviceProfile.ContextAttended(0, 60) + DeviceProfile.ContextAttended(60, 40));
        var attending = Device with { SecondsPerContextToken = 1e-5 };
        Assert.Equal(0.11 + 0.0505, attending.PrefillSeconds(100), 12);
        Assert.Equal(
            attending.IterationSeconds(100, DeviceProfile.ContextAttended(0, 100)) + attending.IterationSeconds(50, DeviceProfile.ContextAttended(100, 50)),
            attending.PrefillSeconds(150), 12);
    }

    [Fact]
    public void Area_before_the_pause()
    {
        // 0.11 s x 50 tokens on average, then 10 steps of 11 ms over 100 tokens and half the square of 10.
        Assert.Equal(5.5 + 0.011 * (1000 + 50), MemoryTime.BeforePause(Device, 100, 0, Estimate.Exactly(10)), 12);
        // 60 cached: 40 to compute in 50 ms, holding 80 on average.
        Assert.Equal(4 + 11.55, MemoryTime.BeforePause(Device, 100, 60, Estimate.Exactly(10)), 12);
        // A spread of lengths costs: E[L^2] = 200 with the same mean.
        Assert.Equal(5.5 + 0.011 * (1000 + 100), MemoryTime.BeforePause(Device, 100, 0, new Estimate(10, 200)), 12);
    }

    [Fact]
    public void Area_after_the_pause() =>
        // 20 tokens returned: 30 ms over 110 + 10; then 10 steps over 130 and half of 100.
        Assert.Equal(3.6 + 0.011 * 1350, MemoryTime.AfterPause(Device, 110, 20, Estimate.Exactly(10)), 12);

    [Fact]
    public void Area_of_the_pause_itself()
    {
        Assert.Equal(550, MemoryTime.DuringPause(Device, PauseAction.Preserve, 110, 5), 12);
        Assert.Equal(0.13 * 55, MemoryTime.DuringPause(Device, PauseAction.Discard, 110, 5), 12);
        Assert.Equal(110 * 0.11, MemoryTime.DuringPause(Device, PauseAction.Swap, 110, 5), 12);
    }

    [Fact]
    public void Waste_of_each_choice()
    {
        var prices = MemoryTime.Waste(Device, context: 100, otherTokens: 400, toolSeconds: 5);
        Assert.Equal(500, prices.Preserve, 12); // T x C
        Assert.Equal(100, prices.Swap, 12); // 2 x 0.1 s x (100 + 400)
        Assert.Equal(5.5 + 44, prices.Discard, 12); // Tf(C) x C / 2 + Tf(C) x C_other
    }

    [Theory]
    [InlineData(1, 1, 1, true, PauseAction.Preserve)]
    [InlineData(2, 1, 1, true, PauseAction.Swap)]
    [InlineData(2, 1, 1, false, PauseAction.Discard)]
    [InlineData(3, 2, 1, true, PauseAction.Discard)]
    public void Least_waste_prefers_preserve_then_swap(double preserve, double swap, double discard, bool swapPossible, PauseAction expected) =>
        Assert.Equal(expected, LeastWastePause.Cheapest(new PausePrices(preserve, swap, discard), swapPossible));

    [Fact]
    public void Policies_are_found_by_name_and_the_error_lists_them()
    {
        Assert.All(PausePolicies.Names, name => Assert.Equal(name, PausePolicies.Find(name).Name));
        Assert.Contains("lamps, preserve, swap, discard", Assert.Throws<ArgumentException>(() => PausePolicies.Find("hope")).Message);
    }
}
