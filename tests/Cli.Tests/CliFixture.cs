using System.CommandLine;
using System.Text.Json;
using Pharos.EndToEnd.Tests;

namespace Pharos.Cli.Tests;

/// <summary>One gateway for all commands, and the program as a shell would run it.</summary>
public sealed class CliFixture : IAsyncLifetime
{
    public PharosGateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync() => Gateway = await PharosGateway.StartAsync("Kv:DeviceBytes=8000000");

    public async Task DisposeAsync() => await Gateway.DisposeAsync();

    /// <summary>Runs a command against the gateway.</summary>
    public Task<Ran> RunAsync(params string[] arguments) => Ran.Of([.. arguments, "--url", Gateway.Url.ToString()]);

    /// <summary>Runs it with <c>--json</c>, and expects it to succeed.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var ran = await RunAsync([.. arguments, "--json"]);
        Assert.Equal((0, ""), (ran.Status, ran.Errors));
        return JsonSerializer.Deserialize<JsonElement>(ran.Output);
    }

    /// <summary>A request that waits for its client's tool; its id.</summary>
    public async Task<string> ParkAsync() => Id(await Gateway.Http.PostAsync(Wire.Ask("What is the weather in Oslo?").WithTools("get_weather")));

    /// <summary>A request that called a tool of the cluster and has ended; its id.</summary>
    public async Task<string> FinishAsync() => Id(await Gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools()));

    private static string Id(Reply reply) => reply.Headers.GetValues("x-request-id").Single();
}

/// <summary>What a run of the program left.</summary>
public sealed record Ran(int Status, string Output, string Errors)
{
    public static async Task<Ran> Of(params string[] arguments)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var (output, errors) = (new StringWriter(), new StringWriter());
        var status = await PharosCommand.Create().Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = output, Error = errors }, limit.Token);
        return new Ran(status, output.ToString(), errors.ToString());
    }
}

[CollectionDefinition(Name)]
public sealed class OneGateway : ICollectionFixture<CliFixture>
{
    public const string Name = "one gateway for all commands";
}
