namespace Pharos.InProcess.Tests;

public interface IListener : IGrainObserver
{
    void Heard(List<int> numbers);
    Task<int> Ask();
}

public interface ISpeakerGrain : IGrainWithStringKey
{
    Task Speak(IListener to, List<int> numbers);
    Task<int> Ask(IListener whom);
    Task<string> Introduce();
    [AlwaysInterleave] Task<string> NameOf(ISpeakerGrain other);
}

public sealed class SpeakerGrain : Grain, ISpeakerGrain
{
    public Task Speak(IListener to, List<int> numbers) { to.Heard(numbers); return Task.CompletedTask; }
    public Task<int> Ask(IListener whom) => whom.Ask();
    public Task<string> Introduce() => GrainFactory.GetGrain<ISpeakerGrain>("friend").NameOf(this.AsReference<ISpeakerGrain>());
    public Task<string> NameOf(ISpeakerGrain other) => Task.FromResult(other.GetPrimaryKeyString());
}

public sealed class ObserverTests
{
    private sealed class Listener : IListener
    {
        public List<int>? Last;
        public void Heard(List<int> numbers) => Last = numbers;
        public Task<int> Ask() => Task.FromResult(42);
    }

    [Fact]
    public async Task Observer_CalledByAGrain_GetsACopyAndMayAnswer()
    {
        await using var test = await TestCluster.StartAsync(silos: 2);
        var listener = new Listener();
        var reference = test.Cluster.Client.CreateObjectReference<IListener>(listener);
        var sent = new List<int> { 1, 2 };
        await test.Grain<ISpeakerGrain>().Speak(reference, sent);
        await test.Idle();
        Assert.Equal([1, 2], listener.Last!);
        Assert.NotSame(sent, listener.Last);
        Assert.Equal(42, await test.Grain<ISpeakerGrain>().Ask(reference));
    }

    [Fact]
    public async Task Observer_Deleted_AnswersNoMore()
    {
        await using var test = await TestCluster.StartAsync();
        var listener = new Listener();
        var reference = test.Cluster.Client.CreateObjectReference<IListener>(listener);
        test.Cluster.Client.DeleteObjectReference<IListener>(reference);
        await test.Grain<ISpeakerGrain>().Speak(reference, [1]);
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => test.Grain<ISpeakerGrain>().Ask(reference));
        Assert.Null(listener.Last);
    }

    [Fact]
    public async Task Observer_SentAsItself_IsRefused()
    {
        await using var test = await TestCluster.StartAsync();
        await Assert.ThrowsAsync<CodecNotFoundException>(() => test.Grain<ISpeakerGrain>().Speak(new Listener(), [1]));
    }

    [Fact]
    public async Task Grain_SendingItselfAsReference_IsKnownByItsKey()
    {
        await using var test = await TestCluster.StartAsync(silos: 2);
        Assert.Equal("me", await test.Grain<ISpeakerGrain>("me").Introduce());
    }
}
