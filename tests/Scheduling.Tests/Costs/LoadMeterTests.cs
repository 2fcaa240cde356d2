using Pharos.Scheduling.Costs;

namespace Pharos.Scheduling.Tests.Costs;

public sealed class LoadMeterTests
{
    private static readonly DeviceProfile Device = new(1e-2, 1e-4, 0, 100, 1e6); // d = 10.1 ms

    [Fact]
    public void Work_of_a_request_is_bounded_by_memory_or_by_the_token_budget_whichever_is_more()
    {
        // 1,000 tokens: 0.1 s of a, and at least ten iterations of 10 ms.
        Assert.Equal(0.2, new RemainingWork(0, 100, 1000).DeviceSeconds(Device, 1000), 9);
        // 50,000 token-iterations in a memory of 1,000 tokens are fifty iterations.
        Assert.Equal(0.6, new RemainingWork(50_000 * 1.01e-2, 100, 1000).DeviceSeconds(Device, 1000), 9);
        Assert.Equal(100 * 1.01e-2 + Device.PrefillSeconds(900), new RemainingWork(0, 100, 1000).SecondsAlone(Device), 9);
    }

    [Fact]
    public void Steady_arrivals_give_the_rate_times_the_mean_work_and_silence_lets_it_fade()
    {
        var meter = new LoadMeter(memorySeconds: 100);
        Assert.Equal(0, meter.Load(Device, 1000, 0));
        var now = 0.0;
        for (; now < 1000; now += 0.5)
            meter.Add(new RemainingWork(0, 10, 1000), Device, now);
        Assert.InRange(meter.Load(Device, 1000, now), 0.38, 0.42); // 2 a second x 0.2 s
        Assert.InRange(meter.Load(Device, 1000, now + 100), 0.13, 0.16); // e^-1 of it
    }

    [Fact]
    public void What_is_computed_again_is_load_too()
    {
        var meter = new LoadMeter(memorySeconds: 100);
        for (var now = 0.0; now < 1000; now += 0.5)
        {
            meter.Add(new RemainingWork(0, 10, 1000), Device, now);
            meter.Computed(1250, 250, now);
        }

        Assert.InRange(meter.Load(Device, 1000, 1000), 0.48, 0.52);
    }
}
