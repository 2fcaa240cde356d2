using System.Collections.Immutable;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Simulator.Replay;

/// <summary>What the requests of a replay ran on.</summary>
/// <param name="KvTokens">Of one worker's device.</param>
/// <param name="HostTokens">Of one worker's host tier.</param>
public sealed record ReplayCluster(DeviceProfile Device, int Workers, int KvTokens, int HostTokens, int BlockSize, int MaxSequences);

/// <summary>Latencies of the same requests under one policy: arrival to last token, tools included.</summary>
public sealed record ReplayedPolicy(string Name, string Means, Distribution Latency);

/// <summary>What other policies would have made of the same requests, as far as a simulation can tell.</summary>
/// <param name="WindowSeconds">From the first arrival to the last.</param>
/// <param name="Served">As it was, measured.</param>
/// <param name="Replayed">The live policy in the simulation: how far this is from <paramref name="Served"/> says how far to trust the rest.</param>
/// <param name="Against">The other policies in the same simulation.</param>
public sealed record ShadowResult(int Requests, double WindowSeconds, Distribution Served, ReplayedPolicy Replayed, ImmutableArray<ReplayedPolicy> Against)
{
    /// <summary>Seconds that the live policy saved all requests together against <paramref name="other"/>, both simulated.</summary>
    public double SavedSeconds(ReplayedPolicy other) => (other.Latency.Mean - Replayed.Latency.Mean) * Requests;
}

/// <summary>
/// Serves requests that ended once more in virtual time, with the cores that serve live ones: the same arrivals, lengths and tool times under
/// the live policy and under first come, first served. An estimate: it knows requests that ended only, devices as measured, no shared prefixes, no guessed tokens.
/// </summary>
public static class ShadowReplay
{
    /// <summary>Null where fewer than two requests can be replayed.</summary>
    /// <param name="requests">Only whole lives that fit the devices count.</param>
    /// <param name="rank">Live ranking policy by its name.</param>
    /// <param name="pause">Live pause policy by its name.</param>
    public static ShadowResult? Run(IEnumerable<RequestSummary> requests, ReplayCluster cluster, string rank, string pause, BoundedOptions? promise = null)
    {
        var whole = requests
            .Where(request => request.IsWhole() && request.EndedAt is not null)
            .Select(request => (Summary: request, Session: Session(request)))
            .Where(request => request.Session.MostContextTokens < cluster.KvTokens / cluster.BlockSize * cluster.BlockSize)
            .OrderBy(request => request.Summary.ArrivalAt).ThenBy(request => request.Summary.Request, StringComparer.Ordinal)
            .ToList();
        if (whole.Count < 2 || cluster.Workers < 1)
            return null;
        var start = whole[0].Summary.ArrivalAt;
        List<Arrival> arrivals = [.. whole.Select(request => new Arrival(request.Summary.ArrivalAt - start, request.Session))];
        var window = arrivals[^1].At;
        return new ShadowResult(
            whole.Count,
            window,
            Distribution.Of(whole.Select(request => request.Summary.EndedAt!.Value - request.Summary.ArrivalAt)),
            Replay("live", $"{rank} order, {pause} caches", () => RankingPolicies.Find(rank, promise), () => PausePolicies.Find(pause)),
            [
                Replay("fcfs", $"in order of arrival, {pause} caches", () => new FcfsRanking(), () => PausePolicies.Find(pause)),
                Replay("vllm", "in order of arrival, back to the tail after each tool, caches dropped while tools run", () => new RequeueRanking(), () => new FixedPause(PauseAction.Discard)),
            ]);

        ReplayedPolicy Replay(string name, string means, Func<IRankingPolicy> ranking, Func<IPausePolicy> pausing)
        {
            var setup = new SimulationSetup(
                arrivals, Math.Max(window, 1), new SimulatedPolicy(name, means, ranking, pausing), new LearnedPredictions(), cluster.Device, cluster.KvTokens, cluster.HostTokens)
            {
                Workers = cluster.Workers, BlockSize = cluster.BlockSize, MaxSequences = cluster.MaxSequences,
            };
            return new ReplayedPolicy(name, means, Simulation.Run(setup).EndToEnd);
        }
    }

    private static Session Session(RequestSummary request) => new(
        "recorded",
        request.PromptTokens,
        [.. request.Segments.Select(segment => segment.Ended
            ? new Segment(Math.Max(1, segment.GeneratedTokens), null, 0, 0)
            : new Segment(
                Math.Max(1, segment.GeneratedTokens),
                string.Join('+', segment.Tools.Select(tool => tool.Tool)),
                segment.Tools.IsEmpty ? 0 : segment.Tools.Max(tool => tool.Seconds),
                segment.Tools.Sum(tool => tool.ReturnTokens)))]);
}
