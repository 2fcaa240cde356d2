using System.Diagnostics;
using Pharos.Inference.Backend;

namespace Pharos.Bench.Cluster.Drills;

/// <summary>
/// Nothing goes wrong: how much longer a token takes on its way through grains and gateway to a client than where the device is called directly, and how many messages
/// an iteration costs. Devices only let time pass, so that what is added is not computing.
/// </summary>
internal sealed class TokensDrill(int rounds, int clients) : IDrill
{
    private const int Answer = 400; // tokens
    private const int Prompt = 40;
    private const double TokensPerSecond = 50;

    public Script[] Scripts { get; } = [.. Enumerable.Range(0, 16).Select(i => Script.Talk(i, Answer))];

    public IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>(SlowDevices.Settings)
    {
        ["Pharos__Simulated__TokensPerSecond"] = $"{TokensPerSecond}",
        ["Pharos__Simulated__MinTokens"] = $"{Answer}",
        ["Pharos__Simulated__MaxTokens"] = $"{Answer}",
        ["Pharos__Simulated__CallShare"] = "0",
    };

    public async Task Run(LocalCluster cluster, Traffic traffic, Report report)
    {
        var (iterations, messages, beats) = await Counts(cluster);
        await traffic.More(rounds * clients, TimeSpan.FromMinutes(5));
        var (iterationsAfter, messagesAfter, beatsAfter) = await Counts(cluster);
        await traffic.Finish();
        (iterations, messages, beats) = (iterationsAfter - iterations, messagesAfter - messages, beatsAfter - beats);
        var direct = await Direct(Math.Max(1, clients / cluster.Silos.Length));
        var served = traffic.SecondsBetweenTexts.Order().ToList();
        report.Say(FormattableString.Invariant(
            $"{messages / iterations:F3} messages with tokens an iteration of a worker ({iterations:F0} iterations, {messages:F0} messages), {beats:F0} heartbeats besides"));
        report.Say(FormattableString.Invariant(
            $"from token to token at the client: median {1e3 * served[served.Count / 2]:F2} ms, 99 % within {1e3 * served[served.Count * 99 / 100]:F2} ms, of {served.Count}; the device called directly: median {1e3 * direct:F2} ms; added {1e3 * (served[served.Count / 2] - direct):F2} ms"));
        if (messages > iterations + 2 * cluster.Silos.Length)
            throw new DrillFailedException("A worker has sent more messages than it had iterations.");
    }

    private static async Task<(double Iterations, double Messages, double Beats)> Counts(LocalCluster cluster) => (
        await cluster.Counted("vllm:iteration_tokens_total_count", ""),
        await cluster.Counted("pharos_token_messages_total", "kind=\"tokens\""),
        await cluster.Counted("pharos_token_messages_total", "kind=\"heartbeat\""));

    /// <summary>Median seconds of a step of so many sequences, as the same answers need them.</summary>
    private static async Task<double> Direct(int sequences)
    {
        const int Block = 16;
        var blocks = (Prompt + Answer + Block - 1) / Block;
        await using var device = new SimulatedBackend(new SimulatedBackendOptions
        {
            BlockSize = Block, DeviceBlocks = sequences * blocks, MaxSequences = sequences, MaxTokensPerStep = Math.Max(sequences, 16), MinSegment = Answer, MaxSegment = Answer,
            StepTime = TimeSpan.FromSeconds(1 / TokensPerSecond),
        });
        var (batch, result, seconds) = (new StepBatch(), new StepResult(), new List<double>());
        for (var position = 0; position < Prompt + Answer / 2; position++)
        {
            batch.Reset(sequences, sequences, blocks);
            for (var s = 0; s < sequences; s++)
            {
                for (var block = 0; block < blocks; block++)
                    batch.BlockTables[s * blocks + block] = s * blocks + block;
                batch.TokenIds[s] = position < Prompt ? 300 + s : result.Tokens[s];
                batch.Positions[s] = position;
                batch.SlotMapping[s] = s * blocks * Block + position;
                batch.ContextLengths[s] = position + 1;
                batch.LogitRows[s] = s;
                batch.QueryStart[s + 1] = s + 1;
            }

            batch.TokenCount = batch.SequenceCount = batch.LogitRowCount = sequences;
            var began = Stopwatch.GetTimestamp();
            await device.ForwardAsync(batch, result, CancellationToken.None);
            seconds.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        seconds.Sort();
        return seconds[seconds.Count / 2];
    }
}
