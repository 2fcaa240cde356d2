using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Pharos.Grains.Devices;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Tests.Devices;

/// <summary>A device that runs the first layers of the embedded model is told to run all of it, with requests under way.</summary>
public sealed class DeepeningLoopTests
{
    private const string Worker = "spark/silo-0/0", Gateway = "gateway";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_is_under_way_goes_on_in_more_layers_and_what_is_parked_keeps_its_cache()
    {
        await using var cluster = await PharosCluster.StartAsync(("Workers", "0"), ("Models:0", "spark@2"), ("Threads", "1"), ("Batch:MaxDrafts", "0"));
        var devices = cluster.Silos.ServicesOf(cluster.Silos.Silos[0]).GetRequiredService<IDeviceHost>();
        await devices.OpenAsync(Worker, CancellationToken.None);
        var shallow = await SwitchAsync(devices, "spark@2");
        var wandering = Work(cluster, "wandering", "tell me a story", temperature: 2, maxTokens: 700);
        var asking = Work(cluster, "asking", "What is the weather in Oslo?", temperature: 0, maxTokens: 100) with { ToolUse = ToolUse.Client, ToolNames = ["get_weather"] };

        using var patience = new CancellationTokenSource(Patience);
        await using var deltas = (await shallow.Deltas(Gateway, patience.Token)).GetAsyncEnumerator(patience.Token);
        var said = new Dictionary<string, List<int>> { ["wandering"] = [], ["asking"] = [], ["alone"] = [] };
        var ends = new Dictionary<string, SegmentEnd>();
        await AdmitAsync(shallow, asking);
        await ReadUntil(() => ends.ContainsKey("asking"));
        Assert.Equal(SegmentEndReason.ToolCalls, ends["asking"].Reason);
        var prepared = await devices.PrepareAsync(Worker, "spark", CancellationToken.None);
        await AdmitAsync(shallow, wandering);
        await ReadUntil(() => said["wandering"].Count >= 5);
        var deep = await devices.SwitchAsync(Worker, "spark", prepared);
        Assert.True(shallow.IsClosed);
        var resumed = await deep.Resume(new ResumeWork(
            "asking", 1, 2, Gateway, cluster.Model.EncodeToolTurn([new ToolResult("call", "get_weather", """{"temp_c": 12, "sky": "cloudy"}""", 0.1, Failed: false)]), said["asking"].Count, asking.Options,
            asking.Forecast, 0.1));
        Assert.Equal(AdmissionKind.Accepted, resumed.Kind);
        ends.Remove("asking");
        said["asking"].Clear();
        await ReadUntil(() => ends.Count == 2);
        Assert.Equal("It is 12 C and cloudy in Oslo.", cluster.Model.Tokenizer.Decode(said["asking"], skipSpecial: true));
        Assert.True(ends["asking"].CachedTokens > asking.Tokens.Length, $"only {ends["asking"].CachedTokens} tokens were in its cache");
        deep.CheckIntegrity();

        // As far as the first layers say the same it may have been either; from there on all layers speak, as if they had from the beginning.
        var answer = said["wandering"];
        Assert.Equal(700, answer.Count);
        var again = await SwitchAsync(devices, "spark@2");
        await using var others = (await again.Deltas(Gateway, patience.Token)).GetAsyncEnumerator(patience.Token);
        var (first, rest) = (await RunAlone(again, others, wandering with { Request = "alone" }), default(ImmutableArray<int>));
        var common = first.Zip(answer).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.InRange(common, 5, answer.Count - 1);
        var whole = await SwitchAsync(devices, "spark");
        await using var last = (await whole.Deltas(Gateway, patience.Token)).GetAsyncEnumerator(patience.Token);
        rest = await RunAlone(whole, last, wandering with { Request = "alone", Tokens = [.. wandering.Tokens, .. answer[..common]] });
        Assert.Equal(answer[common..], rest);

        async Task ReadUntil(Func<bool> isEnough)
        {
            while (!isEnough())
            {
                Assert.True(await deltas.MoveNextAsync(), "the stream has ended");
                foreach (var delta in deltas.Current.Deltas)
                {
                    said[delta.Request].AddRange(delta.Tokens);
                    if (delta.End is { } end)
                        ends[delta.Request] = end;
                }
            }
        }
    }

    private static async Task<ImmutableArray<int>> RunAlone(DeviceLoop loop, IAsyncEnumerator<DeltaBatch> deltas, SequenceWork work)
    {
        await AdmitAsync(loop, work);
        var said = ImmutableArray.CreateBuilder<int>();
        while (await deltas.MoveNextAsync())
        {
            foreach (var delta in deltas.Current.Deltas)
            {
                said.AddRange(delta.Tokens);
                if (delta.End is not null)
                    return said.ToImmutable();
            }
        }
        throw new InvalidOperationException("The stream ended before the segment did.");
    }

    private static async Task AdmitAsync(DeviceLoop loop, SequenceWork work) => Assert.Equal(AdmissionKind.Accepted, (await loop.Admit(work)).Kind);

    private static async Task<DeviceLoop> SwitchAsync(IDeviceHost devices, string candidate)
    {
        var loop = await devices.SwitchAsync(Worker, candidate, await devices.PrepareAsync(Worker, candidate, CancellationToken.None));
        Assert.Equal(candidate, loop.Candidate);
        return loop;
    }

    // Nothing that ends an answer is ever chosen.
    private static TokenControls Endless(PharosCluster cluster) => new([.. cluster.Model.EndTokens.Select(token => new TokenBias(token, -10_000))], 0, 0);

    private static SequenceWork Work(PharosCluster cluster, string request, string question, float temperature, int maxTokens)
    {
        var tokens = cluster.Model.Encode(cluster.Model.Format.Render([ChatMessage.User(question)], []));
        return new SequenceWork(
            request, 1, Gateway, tokens, tokens.Length, 0, new GenerationOptions(maxTokens, temperature, 1, 0, 7, [], Controls: temperature > 0 ? Endless(cluster) : null), ToolUse.None, [], 0,
            new SegmentForecast(Estimate.Exactly(maxTokens), 0, null, Estimate.Exactly(0), 0, Estimate.Exactly(maxTokens)), 0, "tenant");
    }
}
