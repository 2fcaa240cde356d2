using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenAI;
using OpenAI.Chat;
using Pharos.Gateway.Hosting;
using Pharos.Grains;
using Pharos.Scheduling.Pool;

namespace Pharos.EndToEnd.Tests;

/// <summary>The gateway as its program builds it, on a free loopback port, with the embedded model and the demo tools.</summary>
public sealed class PharosGateway : IAsyncDisposable
{
    /// <summary>Nothing a test waits for takes so long unless it hangs.</summary>
    public const int GuardMilliseconds = 120_000;

    public const string Model = "spark";

    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private readonly WebApplication app;

    private PharosGateway(WebApplication app)
    {
        this.app = app;
        Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Http = new HttpClient { BaseAddress = Url, Timeout = Guard };
    }

    public Uri Url { get; }

    /// <summary>A client that knows nothing of OpenAI.</summary>
    public HttpClient Http { get; }

    public IReadOnlyList<Microsoft.AspNetCore.Http.Endpoint> Endpoints => app.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints;

    public InProcessCluster Cluster => app.Services.GetRequiredService<InProcessCluster>();

    /// <param name="settings">Of the section <c>Pharos</c>, as the command line has them: <c>Policy:Pause=swap</c>.</param>
    public static async Task<PharosGateway> StartAsync(params string[] settings)
    {
        string[] args = ["--urls", "http://127.0.0.1:0", "--Pharos:DemoTools:Latency", "none", .. Arguments(settings)];
        var level = Environment.GetEnvironmentVariable("PHAROS_TEST_LOG") ?? nameof(LogLevel.None);
        var app = GatewayProgram.Build([.. args, "--Logging:LogLevel:Default", level]);
        await app.StartAsync();
        var gateway = new PharosGateway(app);
        await gateway.UntilAsync("all workers are open", async () => (await gateway.WorkersAsync()).Length == (settings.Contains("Workers=1") ? 1 : 2));
        return gateway;
    }

    // What begins with dashes, and what follows it, is taken as it is.
    private static IEnumerable<string> Arguments(string[] settings)
    {
        for (var i = 0; i < settings.Length; i++)
            yield return settings[i].StartsWith('-') || (i > 0 && settings[i - 1].StartsWith('-')) ? settings[i] : "--Pharos:" + settings[i];
    }

    /// <summary>The official client.</summary>
    public ChatClient Chat(string model = Model) => new(model, new ApiKeyCredential("none"), new OpenAIClientOptions
    {
        Endpoint = new Uri(Url, "v1"),
        NetworkTimeout = Guard,
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
    });

    /// <summary>What operators see of a request, by its id or that of a response.</summary>
    public async Task<JsonElement> RequestAsync(string id) => JsonSerializer.Deserialize<JsonElement>(await Http.GetStringAsync($"admin/requests/{id}"));

    /// <summary>The workers' own word on what they hold.</summary>
    public async Task<ImmutableArray<WorkerSnapshot>> WorkersAsync()
    {
        var grains = app.Services.GetRequiredService<IGrainFactory>();
        var pool = await grains.GetGrain<ISchedulerGrain>(Model).Describe();
        return [.. await Task.WhenAll(pool.Workers.Select(worker => grains.GetGrain<IWorkerGrain>(worker.Worker).Describe()))];
    }

    /// <summary>Waits until no worker holds a sequence or a block, on the device or on the host.</summary>
    public Task UntilNothingIsHeldAsync() => UntilAsync(
        "all blocks of all workers are free",
        async () => (await WorkersAsync()).All(worker => worker.Sequences.IsEmpty && worker.Kv.DeviceFree == worker.Kv.DeviceBlocks && worker.Kv.HostFree == worker.Kv.HostBlocks),
        async () => string.Join("; ", (await WorkersAsync()).Select(worker => $"{worker.Worker} {worker.Kv} holds {string.Join(", ", worker.Sequences)}")));

    /// <summary>Looks again and again until it is so.</summary>
    /// <param name="what">Said when it does not become so.</param>
    /// <param name="state">How it is instead.</param>
    public async Task UntilAsync(string what, Func<Task<bool>> isSo, Func<Task<string>>? state = null)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (!await isSo())
        {
            if (guard.IsCancellationRequested)
                Assert.Fail($"It did not come about that {what}. {(state is null ? "" : await state())}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
