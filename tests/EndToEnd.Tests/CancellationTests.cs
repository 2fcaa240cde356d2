using OpenAI.Chat;

namespace Pharos.EndToEnd.Tests;

/// <summary>A client that goes away takes its request with it, wherever that is.</summary>
public sealed class CancellationTests
{
    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelled_client_ends_its_sequence_in_the_batch(bool streaming)
    {
        // A simulated device generates so slowly that the answer can't be over before the client leaves.
        await using var gateway = await PharosGateway.StartAsync("Backend=simulated", "Simulated:TokensPerSecond=20", "Simulated:MinTokens=600", "Simulated:MaxTokens=600");
        using var leave = new CancellationTokenSource();
        var client = streaming ? StreamAsync() : (Task)gateway.Chat().CompleteChatAsync([new UserChatMessage("Hello!")], null, leave.Token);
        await gateway.UntilAsync("a sequence runs", async () => (await gateway.WorkersAsync()).Any(worker => worker.Sequences.Any(one => one.Phase == Scheduling.Pool.SequencePhase.Running)));
        var request = Assert.Single(gateway.Cluster.Activations<Grains.IRequestGrain>()).GrainId.Key.ToString();
        if (!streaming)
            await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client);
        await gateway.UntilAsync("the request is cancelled", async () => await StateAsync(gateway, request) == "cancelled");
        await gateway.UntilNothingIsHeldAsync();

        async Task StreamAsync()
        {
            await foreach (var update in gateway.Chat().CompleteChatStreamingAsync([new UserChatMessage("Hello!")], null, leave.Token))
            {
                if (update.ContentUpdate.Count > 0 && update.ContentUpdate[0].Text.Length > 0)
                    await leave.CancelAsync(); // in mid-answer
            }
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Client_that_hangs_up_while_a_tool_runs_leaves_no_cache_behind()
    {
        await using var gateway = await PharosGateway.StartAsync("Policy:Pause=preserve", "DemoTools:Latency=fixed:600");
        var id = "";
        await foreach (var one in gateway.Http.StreamAsync(Wire.Ask("What is 127*43+9?").RunTools().Streaming()))
        {
            if (one.Name.Length == 0)
                id = one.Json.GetProperty("id").GetString()!;
            if (one.Name == "pharos.tool_call")
                break;
        }

        await gateway.UntilAsync("the request is cancelled", async () => await StateAsync(gateway, id) == "cancelled");
        await gateway.UntilNothingIsHeldAsync();
    }

    private static async Task<string?> StateAsync(PharosGateway gateway, string request) => (await gateway.RequestAsync(request)).GetProperty("state").GetString();
}
