using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tools;
using Pharos.Scheduling.Requests;

namespace Pharos.Tests.Tools;

/// <summary>A real HTTP server on loopback that plays the tool, and the caller under test in manual time.</summary>
public sealed class ToolStory : IAsyncDisposable
{
    private readonly WebApplication server;
    private readonly ServiceProvider services;
    private int calls;

    private ToolStory(WebApplication server, ServiceProvider services, ManualTime time) => (this.server, this.services, Time) = (server, services, time);

    public ManualTime Time { get; }

    public IMeterFactory Meters => services.GetRequiredService<IMeterFactory>();

    public int Calls => Volatile.Read(ref calls);

    public ConcurrentQueue<string> Bodies { get; } = [];

    /// <summary>One release for each request that has reached the server.</summary>
    public SemaphoreSlim Arrived { get; } = new(0);

    public static async Task<ToolStory> StartAsync(Func<HttpContext, int, Task> answer, Action<ToolOptions>? configure = null)
    {
        ToolStory? story = null;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            story!.Bodies.Enqueue(await reader.ReadToEndAsync());
            var number = Interlocked.Increment(ref story.calls);
            story.Arrived.Release();
            await answer(http, number);
        });
        await server.StartAsync();

        var options = new ToolOptions { Url = server.Urls.Single() + "/run", AllowPrivateNetwork = true };
        configure?.Invoke(options);
        var time = new ManualTime(skip: ToolPipeline.LongestBackoff);
        var services = new ServiceCollection().AddLogging().AddSingleton<TimeProvider>(time).AddPharosTools()
            .Configure<PharosOptions>(pharos => pharos.Tools["weather"] = options).BuildServiceProvider();
        return story = new ToolStory(server, services, time);
    }

    public Task<ToolResult> CallAsync(string arguments = "{}", string tool = "weather", CancellationToken ct = default) =>
        services.GetRequiredService<IToolCaller>().CallAsync(new ToolCall("call_1", tool, arguments), "secret", ct);

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await server.DisposeAsync();
    }
}
