namespace Pharos.InProcess.Tests;

public interface IGateGrain : IGrainWithStringKey
{
    [ReadOnly] Task<int> Read();
    Task<int> Write();
    [AlwaysInterleave] Task Open();
    [AlwaysInterleave] Task<int> Inside();
}

public interface IOpenGateGrain : IGateGrain;

public abstract class Gate : Grain, IGateGrain
{
    private readonly TaskCompletionSource open = new();
    private int inside;

    public Task<int> Read() => Enter();
    public Task<int> Write() => Enter();
    public Task Open() { open.TrySetResult(); return Task.CompletedTask; }
    public Task<int> Inside() => Task.FromResult(inside);

    private async Task<int> Enter()
    {
        inside++;
        await open.Task;
        return inside--;
    }
}

public sealed class GateGrain : Gate;

[Reentrant] public sealed class OpenGateGrain : Gate, IOpenGateGrain;

/// <summary>A grain without the base class.</summary>
public sealed class PlainGrain(IGrainContext context, [PersistentState("count")] IPersistentState<CountState> state) : IGrainBase, IPlainGrain
{
    private int ticks;

    public IGrainContext GrainContext => context;

    public Task OnActivateAsync(CancellationToken token)
    {
        this.RegisterGrainTimer(ct => { ticks++; return Task.CompletedTask; }, new() { DueTime = TimeSpan.FromSeconds(1), Period = TimeSpan.FromSeconds(1) });
        return Task.CompletedTask;
    }

    public async Task<int> Ticks() { state.State.Asked++; await state.WriteStateAsync(); return ticks; }
    public Task<string> Name() => Task.FromResult(context.GrainId.ToString());
}

[GenerateSerializer] public sealed class CountState { [Id(0)] public int Asked { get; set; } }

public interface IPlainGrain : IGrainWithStringKey { Task<int> Ticks(); Task<string> Name(); }

public interface IAlarmGrain : IGrainWithStringKey { Task Work(); [AlwaysInterleave] Task Finish(); [AlwaysInterleave] Task<string> Ticks(); }

public sealed class AlarmGrain : Grain, IAlarmGrain
{
    private readonly TaskCompletionSource done = new();
    private readonly List<string> ticks = [];

    public async Task Work()
    {
        using var alarm = this.RegisterGrainTimer(
            ct => { ticks.Add(ct.IsCancellationRequested ? "ended" : "due"); return Task.CompletedTask; }, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        await done.Task;
    }

    public Task Finish() { done.SetResult(); return Task.CompletedTask; }
    public Task<string> Ticks() => Task.FromResult(string.Join(' ', ticks));
}

public sealed class ReentrancyTests
{
    [Fact]
    public async Task Tick_ThatWaitsForTheTurnThatEndsItsTimer_RunsOnceWithACancelledToken()
    {
        await using var test = await TestCluster.StartAsync();
        var grain = test.Grain<IAlarmGrain>("a");
        var work = grain.Work();
        await test.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("", await grain.Ticks());
        await grain.Finish();
        await work;
        await test.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("ended", await grain.Ticks());
    }

    [Fact]
    public async Task Readers_InterleaveWithEachOtherButNotWithAWriter()
    {
        await using var test = await TestCluster.StartAsync();
        var gate = test.Cluster.Client.GetGrain<IGateGrain>("a", "GateGrain");
        Task[] all = [gate.Read(), gate.Read(), gate.Write(), gate.Read()];
        await test.Idle();
        Assert.Equal(2, await gate.Inside());
        await gate.Open();
        await Task.WhenAll(all);
    }

    [Fact]
    public async Task ReentrantGrain_LetsAllIn()
    {
        await using var test = await TestCluster.StartAsync();
        var gate = test.Grain<IOpenGateGrain>();
        Task[] all = [gate.Write(), gate.Read(), gate.Write()];
        await test.Idle();
        Assert.Equal(3, await gate.Inside());
        await gate.Open();
        await Task.WhenAll(all);
    }

    [Fact]
    public async Task PlainGrain_WithoutTheBaseClass_HasContextStateAndTimers()
    {
        await using var test = await TestCluster.StartAsync();
        var plain = test.Grain<IPlainGrain>("p");
        Assert.Equal("plain/p", await plain.Name());
        await test.Advance(TimeSpan.FromSeconds(2.5));
        Assert.Equal(2, await plain.Ticks());
    }

    [Fact]
    public async Task GetGrain_WithoutAFittingClass_SaysSo()
    {
        await using var test = await TestCluster.StartAsync();
        var missing = Assert.Throws<ArgumentException>(() => test.Cluster.Client.GetGrain<IGateGrain>("a", "Nothing"));
        Assert.Contains("No grain class implements", missing.Message);
    }
}
