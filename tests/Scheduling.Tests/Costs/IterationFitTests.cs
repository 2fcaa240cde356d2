using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Tests.Costs;

public sealed class IterationFitTests
{
    private static readonly DeviceProfile Prior = DeviceProfile.GptJ6bA100;
    private static readonly DeviceProfile Device = new(2e-3, 5e-5, 3e-8, 384, 1e5);

    [Fact]
    public void Constants_of_a_device_are_recovered_from_noisy_iterations()
    {
        var fit = new IterationFit(Prior);
        Run(fit, Device, 3000, noise: 0.02);
        Close(Device, fit.Profile, 0.05);
    }

    [Fact]
    public void Change_is_followed()
    {
        var fit = new IterationFit(Prior);
        Run(fit, Device, 5000, noise: 0.02);
        var slower = Device with { ConstantSeconds = 6e-3, SecondsPerToken = 1e-4 };
        Run(fit, slower, 5000, noise: 0.02);
        Close(slower, fit.Profile, 0.1);
    }

    [Fact]
    public void A_device_that_decodes_one_batch_for_hours_keeps_its_head()
    {
        var fit = new IterationFit(Prior);
        Run(fit, Device, 1000, noise: 0.02);
        for (var i = 0; i < 300_000; i++)
            fit.Observe(8, 4000, Device.IterationSeconds(8, 4000));
        Assert.Equal(Device.IterationSeconds(8, 4000), fit.Profile.IterationSeconds(8, 4000), 1e-2 * Device.IterationSeconds(8, 4000));
        Assert.InRange(fit.Profile.PrefillSeconds(300) / Device.PrefillSeconds(300), 0.8, 1.25);
        Run(fit, Device, 3000, noise: 0.02);
        Close(Device, fit.Profile, 0.1);
    }

    [Fact]
    public void Impossible_measurements_are_ignored_and_prices_never_negative()
    {
        var fit = new IterationFit(Prior);
        fit.Observe(0, 0, 1);
        fit.Observe(1, 1, double.NaN);
        fit.Observe(1, 1, 0);
        Assert.Equal((0, Prior), (fit.Observations, fit.Profile));
        for (var i = 0; i < 50; i++)
            fit.Observe(1 + i, i, 1.0 / (1 + i)); // faster with more tokens
        Assert.True(fit.Profile.SecondsPerToken > 0 && fit.Profile.ConstantSeconds >= 0 && fit.Profile.SecondsPerContextToken >= 0);
    }

    [Fact]
    public void Device_that_is_as_it_was_said_to_be_keeps_its_profile()
    {
        var fit = new IterationFit(Prior); // context costs it nothing: what rounding leaves is no news
        Run(fit, Prior, 3000, noise: 0);
        Assert.Equal(3000, fit.Observations);
        Assert.Same(Prior, fit.Profile);
    }

    [Fact]
    public void Price_of_rebuilding_is_recovered_though_every_iteration_rebuilds()
    {
        var fit = new IterationFit(Prior) { SecondsPerRebuiltToken = 1e-9 };
        var dice = new Random(1);
        for (var i = 0; i < 3000; i++)
        {
            var (tokens, context) = (dice.Next(1, 384), dice.Next(1, 100_000));
            var rebuilt = dice.Next(1, context + 1);
            fit.Observe(tokens, context, (Device.IterationSeconds(tokens, context) + 1e-6 * rebuilt) * (1 + 0.02 * (dice.NextDouble() - 0.5)), rebuilt);
        }

        Assert.Equal(1e-6, fit.SecondsPerRebuiltToken, 5e-8);
        Assert.Equal(Device.ConstantSeconds, fit.Profile.ConstantSeconds, 0.5 * Device.ConstantSeconds);
    }

    [Fact]
    public void Link_speed_is_learned()
    {
        var fit = new IterationFit(Prior);
        for (var i = 0; i < 100; i++)
            fit.ObserveSwap(1000, 0.1);
        Assert.Equal(10_000, fit.Profile.SwapTokensPerSecond, 100.0);
    }

    private static void Run(IterationFit fit, DeviceProfile device, int iterations, double noise)
    {
        var dice = new Random(1);
        for (var i = 0; i < iterations; i++)
        {
            var tokens = dice.Next(1, 384);
            long context = dice.Next(1, 100_000);
            fit.Observe(tokens, context, device.IterationSeconds(tokens, context) * (1 + noise * (dice.NextDouble() - 0.5)));
        }
    }

    private static void Close(DeviceProfile expected, DeviceProfile found, double share)
    {
        Assert.Equal(expected.ConstantSeconds, found.ConstantSeconds, share * expected.ConstantSeconds);
        Assert.Equal(expected.SecondsPerToken, found.SecondsPerToken, share * expected.SecondsPerToken);
        Assert.Equal(expected.SecondsPerContextToken, found.SecondsPerContextToken, share * expected.SecondsPerContextToken);
    }
}
