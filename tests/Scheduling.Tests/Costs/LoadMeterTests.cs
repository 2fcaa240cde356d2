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
        Assert.Equal(default, meter.Load(Device, 1000, 0));
        var now = 0.0;
        for (; now < 1000; now += 0.5)
            meter.Add(new RemainingWork(0, 10, 1000), Device, 1000, now);
        Assert.InRange(meter.Load(Device, 1000, now).Mean, 0.38, 0.42); // 2 a second x 0.2 s
        Assert.InRange(meter.Load(Device, 1000, now + 100).Mean, 0.13, 0.16); // e^-1 of it
    }

    [Fact]
    public void What_is_computed_again_is_load_too()
    {
        var meter = new LoadMeter(memorySeconds: 100);
        for (var now = 0.0; now < 1000; now += 0.5)
        {
            meter.Add(new RemainingWork(0, 10, 1000), Device, 1000, now);
            meter.Computed(1250, 250, now);
        }

        Assert.InRange(meter.Load(Device, 1000, 1000).Mean, 0.48, 0.52);
    }

    [Fact]
    public void Clock_never_goes_back_when_an_iteration_is_told_after_what_came_meanwhile()
    {
        var (told, meanwhile) = (new LoadMeter(memorySeconds: 100), new LoadMeter(memorySeconds: 100));
        for (var planned = 0.0; planned < 1000; planned++)
        {
            told.Add(new RemainingWork(0, 10, 1000), Device, 1000, planned + 0.9);
            meanwhile.Add(new RemainingWork(0, 10, 1000), Device, 1000, planned + 0.9);
            meanwhile.Computed(100, 0, planned); // the iteration was planned before it came
        }

        Assert.Equal(told.Load(Device, 1000, 1000), meanwhile.Load(Device, 1000, 1000));
    }

    [Fact]
    public void Few_large_requests_leave_more_doubt_than_many_small_ones_of_the_same_work()
    {
        var (few, many) = (new LoadMeter(memorySeconds: 100), new LoadMeter(memorySeconds: 100));
        for (var now = 0; now < 1000; now++)
        {
            if (now % 20 == 0)
                few.Add(new RemainingWork(0, 10, 20_000), Device, 1000, now);
            many.Add(new RemainingWork(0, 10, 1000), Device, 1000, now);
        }

        Assert.Equal(many.Load(Device, 1000, 1000).Mean, few.Load(Device, 1000, 1000).Mean, 0.03);
        // 1 / sqrt(2 x rate x 100 s): 0.32 and 0.07.
        Assert.InRange(few.Load(Device, 1000, 1000).Deviation / few.Load(Device, 1000, 1000).Mean, 0.25, 0.4);
        Assert.InRange(many.Load(Device, 1000, 1000).Deviation / many.Load(Device, 1000, 1000).Mean, 0.05, 0.1);
    }
}
