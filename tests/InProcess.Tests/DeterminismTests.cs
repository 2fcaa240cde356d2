namespace Pharos.InProcess.Tests;

public interface IRacerGrain : IGrainWithStringKey
{
    Task Run(int laps);
    [AlwaysInterleave] Task<int> Laps();
}

/// <summary>Its laps go over a referee, a timer and an await: enough for the order to differ.</summary>
public sealed class RacerGrain(Diary diary) : Grain, IRacerGrain
{
    private int laps;

    public async Task Run(int laps)
    {
        this.RegisterGrainTimer(_ => { diary.Add($"{this.GetPrimaryKeyString()} breathes"); return Task.CompletedTask; }, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        for (var i = 0; i < laps; i++)
        {
            await GrainFactory.GetGrain<IDeskGrain>("referee").Twice(i);
            await Task.Yield();
            this.laps++;
            diary.Add($"{this.GetPrimaryKeyString()} {this.laps}");
        }
    }

    public Task<int> Laps() => Task.FromResult(laps);
}

public sealed class DeterminismTests
{
    private static (string[] Trace, string[] Diary) Race(int seed, bool kill)
    {
        var trace = new List<string>();
        var diary = new Diary();
        var pump = new DeterministicPump(seed) { Trace = trace.Add };
        var time = new VirtualTime();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(diary);
        builder.AddPharosCluster(o =>
        {
            o.Silos = 3;
            o.MessagePump = pump;
            o.TimeProvider = time;
            o.GrainAssemblies.Add(typeof(DeterminismTests).Assembly);
        });
        using var host = builder.Build();
        var cluster = host.Services.GetRequiredService<InProcessCluster>();
        pump.Run(async () =>
        {
            await cluster.StartAsync();
            var racers = Enumerable.Range(0, 5).Select(i => cluster.Client.GetGrain<IRacerGrain>($"racer {i}")).ToList();
            var running = Task.WhenAll(racers.Select(r => r.Run(5)));
            if (kill)
            {
                await racers[0].Laps();
                await cluster.KillSiloAsync("silo-1");
                await Assert.ThrowsAsync<SiloUnavailableException>(() => running);
                await cluster.StartSiloAsync("silo-1");
                await Task.WhenAll(racers.Select(r => r.Run(2)));
            }
            else
            {
                await running;
            }

            await time.AdvanceAsync(TimeSpan.FromSeconds(3.5), cluster);
            await cluster.StopAsync();
        });
        Assert.Equal(0, cluster.ActivationCount());
        return ([.. trace], diary.Lines);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Run_WithTheSameSeed_IsTheSame(bool kill)
    {
        var first = Race(7, kill);
        var second = Race(7, kill);
        Assert.Equal(first.Trace, second.Trace);
        Assert.Equal(first.Diary, second.Diary);
        Assert.Contains(first.Diary, line => line.EndsWith("breathes", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_WithAnotherSeed_TakesAnotherOrder() => Assert.NotEqual(Race(7, kill: false).Diary, Race(8, kill: false).Diary);

    [Fact]
    public void Story_ThatWaitsForNothing_IsToldSo()
    {
        var stuck = Assert.Throws<InvalidOperationException>(() => new DeterministicPump(1).Run(() => new TaskCompletionSource().Task));
        Assert.Contains("nothing is left to do", stuck.Message);
    }
}
