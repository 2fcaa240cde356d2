namespace Pharos.EndToEnd.Tests;

/// <summary>One gateway for all tests that need no settings of their own. Caches are kept while tools run, so that resumes can be seen to use them.</summary>
public sealed class SharedGateway : IAsyncLifetime
{
    public PharosGateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync() => Gateway = await PharosGateway.StartAsync("Policy:Pause=preserve");

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class Shared : ICollectionFixture<SharedGateway>
{
    public const string Name = "one gateway for all";
}
