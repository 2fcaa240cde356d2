using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;
using Pharos.Inference.Chat;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Tests;

/// <summary>What a client of the grains saw of one answer.</summary>
public sealed record Seen(string Text, ImmutableArray<int> Tokens, RequestNotice Last, ImmutableArray<RequestNotice> Notices);

/// <summary>The real grains, engine and embedded model in one process, without HTTP: what a gateway does, done by hand.</summary>
public sealed class PharosCluster : IAsyncDisposable
{
    /// <summary>So long may an answer take before a test fails.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IHost host;
    private readonly Dictionary<(string Worker, string Gateway), DeltaReader> readers = [];
    private readonly CancellationTokenSource stopping = new();
    private int requests;

    private PharosCluster(IHost host) => this.host = host;

    public IGrainFactory Grains => host.Services.GetRequiredService<IGrainFactory>();

    public InProcessCluster Silos => host.Services.GetRequiredService<InProcessCluster>();

    public ServedModel Model => host.Services.GetRequiredService<ServedModel>();

    public TestTools Tools => host.Services.GetRequiredService<TestTools>();

    public ISchedulerGrain Scheduler => Grains.GetGrain<ISchedulerGrain>(Model.Name);

    public static Task<PharosCluster> StartAsync(params (string Key, string Value)[] settings) => StartAsync(TimeProvider.System, settings);

    public static async Task<PharosCluster> StartAsync(TimeProvider time, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("PHAROS_TEST_LOG") is { } level)
            builder.Logging.AddSimpleConsole(console => console.TimestampFormat = "ss.fff ").SetMinimumLevel(Enum.Parse<LogLevel>(level));
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create("Pharos:" + setting.Key, (string?)setting.Value)));
        builder.Services.AddSingleton(time);
        builder.AddPharosModel();
        builder.AddPharosCluster(gateway: false, PharosSiloExtensions.AddSiloServices);
        builder.AddPharosSilo();
        builder.Services.AddSingleton<TestTools>().AddSingleton<IToolCaller>(services => services.GetRequiredService<TestTools>());
        var cluster = new PharosCluster(builder.Build());
        await cluster.host.StartAsync();
        return cluster;
    }

    public string NewId() => $"r{Interlocked.Increment(ref requests)}";

    public RequestSpec Ask(string question, ToolUse tools = ToolUse.None, int maxTokens = 200, float temperature = 0, ulong seed = 1) => new(
        Model.Name, "tenant", "gateway", Model.Encode(Model.Format.Render([ChatMessage.User(question)], [])),
        new GenerationOptions(maxTokens, temperature, 1, 0, seed, []), tools, tools == ToolUse.None ? [] : ["calculator", "get_weather", "get_time"], [], 0);

    public IRequestGrain Request(string id) => Grains.GetGrain<IRequestGrain>(id);

    /// <summary>Starts a request and reads its answer to the end.</summary>
    public async Task<Seen> RunAsync(RequestSpec spec, string? id = null)
    {
        id ??= NewId();
        var accepted = await Request(id).Start(spec);
        Assert.True(accepted.Accepted, accepted.Because);
        return await ReadAsync(id, spec.Gateway, 0);
    }

    /// <summary>Reads an answer as a gateway does: notices from the request, tokens from the workers it is placed on.</summary>
    /// <param name="follow">Read the tokens too, not only the notices.</param>
    public async Task<Seen> ReadAsync(string id, string gateway, int from, bool follow = true)
    {
        using var patience = new CancellationTokenSource(Patience);
        var notices = new List<RequestNotice>();
        var text = new StringBuilder();
        var tokens = new List<int>();
        Task<IReadOnlyList<SequenceDelta>>? segment = null;
        await foreach (var notice in Request(id).Follow(from, patience.Token))
        {
            if (notice.Kind == NoticeKind.Alive)
                continue;
            notices.Add(notice);

            // A request that failed before its worker heard of it has no deltas to wait for.
            if (notice.Kind != NoticeKind.Failed)
                await TakeAsync();
            if (follow && notice.Kind == NoticeKind.Placed)
                segment = Reader(notice.Worker!, gateway).SegmentAsync(id, notice.Epoch, patience.Token);
        }

        if (segment is { IsCompleted: true })
            await TakeAsync();
        return new Seen(text.ToString(), [.. tokens], notices[^1], [.. notices]);

        async Task TakeAsync()
        {
            foreach (var delta in segment is null ? [] : await segment)
            {
                text.Append(delta.Text);
                tokens.AddRange(delta.Tokens);
            }

            segment = null;
        }
    }

    private DeltaReader Reader(string worker, string gateway)
    {
        lock (readers)
        {
            if (!readers.TryGetValue((worker, gateway), out var reader) || reader.HasEnded)
                readers[(worker, gateway)] = reader = new DeltaReader(Grains.GetGrain<IWorkerGrain>(worker), gateway, stopping.Token);
            return reader;
        }
    }

    /// <summary>The workers' own word that nothing is left: all blocks free, no sequence held.</summary>
    public async Task<ImmutableArray<WorkerSnapshot>> WorkersAsync() =>
        [.. await Task.WhenAll((await Scheduler.Describe()).Workers.Select(worker => Grains.GetGrain<IWorkerGrain>(worker.Worker).Describe()))];

    public async ValueTask DisposeAsync()
    {
        stopping.Cancel();
        await host.StopAsync();
        host.Dispose();
    }
}
