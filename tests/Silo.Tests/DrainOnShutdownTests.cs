using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pharos.Grains;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;
using Pharos.Inference.Chat;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Requests;

namespace Pharos.Silo.Tests;

public sealed class DrainOnShutdownTests
{
    [Fact]
    public async Task A_silo_that_is_told_to_end_lets_its_running_request_finish()
    {
        await using var silo = await StartAsync(drainTimeout: "00:01:00");
        var last = await RunningAsync(silo);
        await silo.StopAsync();
        Assert.Equal(NoticeKind.Finished, await last);
    }

    [Fact]
    public async Task Without_patience_it_leaves_at_once()
    {
        await using var silo = await StartAsync(drainTimeout: "00:00:00");
        var last = await RunningAsync(silo);
        await silo.StopAsync();
        Assert.NotEqual(NoticeKind.Finished, await last);
    }

    // Its device needs about a second for the answer.
    private static async Task<WebApplication> StartAsync(string drainTimeout)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Pharos:Backend"] = "simulated", ["Pharos:Workers"] = "1", ["Pharos:Simulated:TokensPerSecond"] = "50",
            ["Pharos:Simulated:MinTokens"] = "50", ["Pharos:Simulated:MaxTokens"] = "50", ["Pharos:DrainTimeout"] = drainTimeout,
        });
        builder.AddPharosModel();
        builder.AddPharosCluster(gateway: false, PharosSiloExtensions.AddSiloServices);
        builder.AddPharosSilo();
        builder.Services.AddPharosTools();
        builder.AddSiloLifetime();
        var silo = builder.Build();
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Starts a request and returns when it runs; the task is the last thing that was heard of it.</summary>
    private static async Task<Task<NoticeKind?>> RunningAsync(WebApplication silo)
    {
        var model = silo.Services.GetRequiredService<ServedModel>();
        var request = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IRequestGrain>("r1");
        var prompt = model.Encode(model.Format.Render([ChatMessage.User("hello")], []));
        var accepted = await request.Start(new RequestSpec(
            model.Name, "tenant", "gateway", prompt, new GenerationOptions(100, 0, 1, 0, 1, []), ToolUse.None, [], [], 0));
        Assert.True(accepted.Accepted, accepted.Because);
        var placed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var last = FollowAsync(request, placed);
        await placed.Task;
        return last;
    }

    private static async Task<NoticeKind?> FollowAsync(IRequestGrain request, TaskCompletionSource placed)
    {
        NoticeKind? last = null;
        try
        {
            await foreach (var notice in request.Follow(0, default))
            {
                if (notice.Kind == NoticeKind.Alive)
                    continue;
                last = notice.Kind;
                if (last == NoticeKind.Placed)
                    placed.TrySetResult();
            }
        }
        catch (Exception)
        {
            // The silo left in the middle of it.
        }

        return last;
    }
}
