using System.Collections.Immutable;

namespace Pharos.InProcess.Tests;

public enum Mood { Calm, Busy }

[GenerateSerializer] public readonly record struct Span2([property: Id(0)] int From, [property: Id(1)] int? To);
[GenerateSerializer] public sealed record Inner([property: Id(0)] string Text, [property: Id(1)] Mood Mood);

[GenerateSerializer]
public sealed record LedgerState
{
    [Id(0)] public int Total { get; set; }
    [Id(1)] public List<Inner> Entries { get; set; } = [];
    [Id(2)] public Dictionary<string, ImmutableArray<Inner>> ByName { get; set; } = [];
    [Id(3)] public byte[] Raw { get; set; } = [];
    [Id(4)] public DateTimeOffset? At { get; set; }
    [Id(5)] public TimeSpan Took { get; init; }
    [Id(6)] public Span2 Span { get; set; }
    public string NotKept { get; set; } = "fresh";
}

public interface ILedgerGrain : IGrainWithStringKey
{
    Task Fill();
    Task AddWithoutWriting();
    Task<LedgerState> Get();
    Task<(bool Exists, string? Etag)> Meta();
    Task Write();
    Task Clear();
}

public sealed class LedgerGrain([PersistentState("ledger", "pharos")] IPersistentState<LedgerState> state) : Grain, ILedgerGrain
{
    public Task Fill()
    {
        state.State.Total = 7;
        state.State.Entries.Add(new Inner("one", Mood.Busy));
        state.State.ByName["x"] = [new Inner("two", Mood.Calm)];
        state.State.Raw = [1, 2, 3];
        state.State.At = DateTimeOffset.UnixEpoch;
        state.State.Span = new Span2(1, 2);
        state.State.NotKept = "changed";
        return state.WriteStateAsync();
    }

    public Task AddWithoutWriting() { state.State.Entries.Add(new Inner("lost", Mood.Calm)); return Task.CompletedTask; }
    public Task<LedgerState> Get() => Task.FromResult(state.State);
    public Task<(bool, string?)> Meta() => Task.FromResult((state.RecordExists, state.Etag));
    public Task Write() => state.WriteStateAsync(CancellationToken.None);
    public Task Clear() => state.ClearStateAsync();
}

public sealed class StateTests
{
    [Fact]
    public async Task State_Written_SurvivesAKilledSilo()
    {
        await using var test = await TestCluster.StartAsync();
        await test.Grain<ILedgerGrain>().Fill();
        await test.Grain<ILedgerGrain>().AddWithoutWriting();
        await test.Cluster.KillSiloAsync("silo-0");
        await test.Cluster.StartSiloAsync("silo-0");

        var state = await test.Grain<ILedgerGrain>().Get();
        Assert.Equal(7, state.Total);
        Assert.Equal(new Inner("one", Mood.Busy), Assert.Single(state.Entries));
        Assert.Equal(new Inner("two", Mood.Calm), state.ByName["x"][0]);
        Assert.Equal([1, 2, 3], state.Raw);
        Assert.Equal(DateTimeOffset.UnixEpoch, state.At);
        Assert.Equal(new Span2(1, 2), state.Span);
        Assert.Equal("fresh", state.NotKept);
        Assert.True((await test.Grain<ILedgerGrain>().Meta()).Exists);
    }

    [Fact]
    public async Task State_Cleared_IsFreshAndHasNoRecord()
    {
        await using var test = await TestCluster.StartAsync();
        var ledger = test.Grain<ILedgerGrain>();
        await ledger.Fill();
        await ledger.Clear();
        Assert.Equal((false, null), await ledger.Meta());
        Assert.Equal(0, (await ledger.Get()).Total);
        await ledger.Write();
        Assert.True((await ledger.Meta()).Exists);
    }

    [Fact]
    public async Task Write_WithAnOldEtag_FailsAndEndsTheActivation()
    {
        await using var test = await TestCluster.StartAsync();
        var ledger = test.Grain<ILedgerGrain>();
        await ledger.Fill();
        var etag = (await ledger.Meta()).Etag;
        test.Cluster.Storage.Write("pharos", "ledger", ledger.GetGrainId(), new LedgerState { Total = 99 }, etag);

        var conflict = await Assert.ThrowsAsync<InconsistentStateException>(() => ledger.Write());
        Assert.Equal(etag, conflict.CurrentEtag);
        await test.Idle();
        Assert.Equal(0, test.Cluster.ActivationCount());
        Assert.Equal(99, (await ledger.Get()).Total);
    }
}
