namespace Pharos.InProcess.Tests;

public sealed class Diary
{
    private readonly Lock gate = new();
    private readonly List<string> lines = [];
    public void Add(string line) { lock (gate) lines.Add(line); }
    public string[] Lines { get { lock (gate) return [.. lines]; } }
}

public interface ILifeGrain : IGrainWithStringKey
{
    Task<string> Silo();
    Task End();
    Task Delay(TimeSpan span);
    Task<string> Hold(string until);
    [AlwaysInterleave] Task Let();
    Task Tick(TimeSpan due, TimeSpan period, bool keepAlive, bool interleave);
    Task<int> Ticks();
    Task CallBackInto(ILifeGrain other);
}

public class LifeGrain(Diary diary) : Grain, ILifeGrain
{
    private TaskCompletionSource let = new();
    private int ticks;

    public override Task OnActivateAsync(CancellationToken ct)
    {
        if (this.GetPrimaryKeyString() == "broken") throw new InvalidOperationException("cannot live");
        diary.Add($"+{this.GetPrimaryKeyString()}");
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken ct) { diary.Add($"-{this.GetPrimaryKeyString()} {reason.ReasonCode}"); return Task.CompletedTask; }
    public Task<string> Silo() => Task.FromResult(RuntimeIdentity);
    public Task End() { DeactivateOnIdle(); return Task.CompletedTask; }
    public Task Delay(TimeSpan span) { DelayDeactivation(span); return Task.CompletedTask; }
    public async Task<string> Hold(string until) { await let.Task; diary.Add("held"); return until; }
    public Task Let() { let.TrySetResult(); return Task.CompletedTask; }
    public Task<int> Ticks() => Task.FromResult(ticks);
    public Task CallBackInto(ILifeGrain other) => other.Silo();

    public Task Tick(TimeSpan due, TimeSpan period, bool keepAlive, bool interleave)
    {
        this.RegisterGrainTimer(static (self, ct) => { self.ticks++; return Task.CompletedTask; }, this, new() { DueTime = due, Period = period, KeepAlive = keepAlive, Interleave = interleave });
        return Task.CompletedTask;
    }
}

public interface IPinnedGrain : ILifeGrain;
[KeepAlive] public sealed class PinnedGrain(Diary diary) : LifeGrain(diary), IPinnedGrain;
public interface IDeviceGrain : IGrainWithStringKey { Task<string> Silo(); }
[DevicePlacement] public sealed class DeviceGrain(SiloDevice device) : Grain, IDeviceGrain { public Task<string> Silo() => Task.FromResult($"{RuntimeIdentity}:{device.Name}"); }
public interface IHashedGrain : IGrainWithStringKey { Task<string> Silo(); }
[HashBasedPlacement] public sealed class HashedGrain : Grain, IHashedGrain { public Task<string> Silo() => Task.FromResult(RuntimeIdentity); }
public sealed class SiloDevice(ILocalSiloDetails silo, Diary diary) : IDisposable { public string Name => "device of " + silo.Name; public void Dispose() => diary.Add($"closed {silo.Name}"); }

public sealed class LifeTests
{
    private readonly Diary diary = new();

    private Task<TestCluster> Start(int silos = 1, Action<InProcessClusterOptions>? configure = null) =>
        TestCluster.StartAsync(silos, o => { o.ConfigureSilo((_, s) => s.AddSingleton<SiloDevice>()); configure?.Invoke(o); }, s => s.AddSingleton(diary));

    [Fact]
    public async Task Activation_Unused_IsCollectedAndTheKeptAliveIsNot()
    {
        await using var test = await Start();
        await test.Life("LifeGrainKey").Silo();
        await test.Grain<IPinnedGrain>("pinned").Silo();
        await test.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(2, test.Cluster.ActivationCount());
        await test.Advance(TimeSpan.FromMinutes(7));
        Assert.Equal("pinned", Assert.Single(test.Cluster.Activations()).GrainId.Key.ToString());
        Assert.Contains("-LifeGrainKey ActivationIdle", diary.Lines);
    }

    [Fact]
    public async Task DelayDeactivation_PostponesCollection()
    {
        await using var test = await Start();
        await test.Life("a").Delay(TimeSpan.FromHours(1));
        await test.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal(1, test.Cluster.ActivationCount());
        await test.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(0, test.Cluster.ActivationCount());
    }

    [Fact]
    public async Task DeactivateOnIdle_WithRequestsWaiting_SendsThemToTheNextActivation()
    {
        await using var test = await Start();
        var life = test.Life("a");
        var held = life.Hold("first");
        var end = life.End();
        var after = life.Silo();
        await life.Let();
        Assert.Equal("first", await held);
        await end;
        Assert.Equal("silo-0", await after);
        Assert.Equal(["+a", "held", "-a ApplicationRequested", "+a"], diary.Lines);
    }

    [Fact]
    public async Task Activation_ThatFails_TellsItsCallersAndLeavesNothing()
    {
        await using var test = await Start();
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => test.Life("broken").Silo());
        Assert.Equal("cannot live", failed.Message);
        Assert.Equal(0, test.Cluster.ActivationCount());
    }

    [Fact]
    public async Task Timer_OfAGrain_TicksInVirtualTimeAfterEachEnd()
    {
        await using var test = await Start();
        await test.Life("a").Tick(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), keepAlive: false, interleave: false);
        await test.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(0, await test.Life("a").Ticks());
        await test.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(3, await test.Life("a").Ticks());
    }

    [Fact]
    public async Task Timer_ThatDoesNotInterleave_WaitsForTheRunningRequest()
    {
        await using var test = await Start();
        var life = test.Life("a");
        await life.Tick(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan, keepAlive: false, interleave: false);
        var held = life.Hold("x");
        await test.Advance(TimeSpan.FromSeconds(3));
        var ticks = life.Ticks();
        await life.Let();
        await held;
        Assert.Equal(1, await ticks);
    }

    [Theory, InlineData(true, 1), InlineData(false, 0)]
    public async Task Timer_KeepAlive_DecidesWhetherTicksCountAsUse(bool keepAlive, int left)
    {
        await using var test = await Start();
        await test.Life("a").Tick(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), keepAlive, interleave: true);
        await test.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(left, test.Cluster.ActivationCount());
    }

    [Fact]
    public async Task KilledSilo_WithCallsPending_FailsThemAndForgetsItsGrains()
    {
        await using var test = await Start(silos: 2);
        var life = test.Life("a");
        var running = life.Hold("x");
        var waiting = life.Silo();
        await test.Idle();
        var where = test.Cluster.Activations()[0].Silo;
        await test.Cluster.KillSiloAsync(where);

        await Assert.ThrowsAsync<SiloUnavailableException>(() => running);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => waiting);
        Assert.Equal(0, test.Cluster.ActivationCount());
        Assert.Equal(["+a"], diary.Lines);
        Assert.NotEqual(where, await life.Silo());
    }

    [Fact]
    public async Task StoppedSilo_MovesItsGrainsWithoutAnError()
    {
        await using var test = await Start(silos: 2);
        var lives = Enumerable.Range(0, 10).Select(i => test.Life($"k{i}")).ToList();
        foreach (var life in lives) await life.Silo();
        Assert.Equal(5, test.Cluster.ActivationCount("silo-0"));

        await test.Cluster.StopSiloAsync("silo-0");
        foreach (var life in lives) Assert.Equal("silo-1", await life.Silo());
        Assert.Equal(5, diary.Lines.Count(l => l.EndsWith("ShuttingDown", StringComparison.Ordinal)));

        await test.Cluster.StartSiloAsync("silo-0");
        Assert.Equal("silo-0", await test.Life("new").Silo());
    }

    [Fact]
    public async Task Call_WithoutAnySilo_SaysSo()
    {
        await using var test = await Start();
        await test.Cluster.KillSiloAsync("silo-0");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => test.Life("a").Silo());
    }

    [Fact]
    public async Task DevicePlacement_PutsTheGrainOnTheSiloOfItsKey()
    {
        await using var test = await Start(silos: 3);
        Assert.Equal("silo-2:device of silo-2", await test.Grain<IDeviceGrain>("pool/silo-2/0").Silo());
        var missing = await Assert.ThrowsAsync<OrleansException>(() => test.Grain<IDeviceGrain>("pool/silo-9/0").Silo());
        Assert.Contains("silo-0, silo-1, silo-2", missing.Message);
        await test.Cluster.KillSiloAsync("silo-2");
        Assert.Contains("closed silo-2", diary.Lines);
    }

    [Fact]
    public async Task Placement_ByHashAndByCaller_ChoosesTheSameSiloAgain()
    {
        await using var test = await Start(silos: 3);
        var first = await test.Grain<IHashedGrain>("k").Silo();
        await using var again = await Start(silos: 3);
        Assert.Equal(first, await again.Grain<IHashedGrain>("k").Silo());

        foreach (var key in new[] { "a", "b", "c", "d" })
        {
            var caller = (await test.Grain<IDeskGrain>(key).Whoami()).Split('@')[1];
            Assert.Equal(caller, await test.Grain<IDeskGrain>(key).SiloOf("near " + key));
        }
    }
}

internal static class LifeTestExtensions
{
    public static ILifeGrain Life(this TestCluster test, string key) => test.Cluster.Client.GetGrain<ILifeGrain>(key, "LifeGrain");
}
