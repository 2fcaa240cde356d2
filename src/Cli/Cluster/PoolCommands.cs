using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Ranking;
using Spectre.Console;
using static Pharos.Cli.Cluster.Said;

namespace Pharos.Cli.Cluster;

/// <summary><c>pharos tools</c>, <c>policy</c>, <c>rebalance</c>, <c>counterfactual</c>.</summary>
internal static class PoolCommands
{
    public static IEnumerable<Command> All()
    {
        yield return new ClusterCommand("tools", "Show the tools and what was learned of their durations.", Tools);
        var (rank, pause) = (new Option<string?>("--rank") { Description = "order of what waits" }, new Option<string?>("--pause") { Description = "what happens to caches while tools run" });
        rank.CompletionSources.Add([.. RankingPolicies.Names]);
        pause.CompletionSources.Add([.. PausePolicies.Names]);
        yield return new ClusterCommand("policy", "Show the policies in force, or switch them while the cluster serves.", (session, ct) =>
            Policy(session, session.Parsed.GetValue(rank), session.Parsed.GetValue(pause), ct), rank, pause);
        var dryRun = new Option<bool>("--dry-run") { Description = "only say what would move" };
        yield return new ClusterCommand("rebalance", "Move requests from workers with much left to do to those with little, where that pays.", (session, ct) =>
            Rebalance(session, session.Parsed.GetValue(dryRun), ct), dryRun);
        yield return new ClusterCommand("counterfactual", "Estimate what the latest requests would have taken under first come, first served.", Counterfactual);
    }

    private static async Task<int> Tools(Session session, CancellationToken ct) => session.Answer(await session.Client.Get("admin/tools", ct), tools =>
    {
        var table = Terminal.Table("tool", "run by", ">calls", ">mean", ">p50", ">p90", ">p99", ">tokens back", ">at once", ">a minute");
        foreach (var tool in tools.EnumerateArray())
        {
            var seconds = tool.Find("seconds");
            table.AddRow(
                Plain(tool.Text("name")), tool.GetProperty("registered").GetBoolean() ? "cluster" : "clients", $"{tool.Whole("calls")}", Seconds(seconds.Number("mean")), Seconds(seconds.Number("p50")),
                Seconds(seconds.Number("p90")), Seconds(seconds.Number("p99")), tool.Number("returnTokens") is var tokens && double.IsFinite(tokens) ? Invariant($"{tokens:F0}") : "-",
                Limit(tool, "maxConcurrency"), Limit(tool, "maxPerMinute"));
        }

        session.Console.Write(table);

        static string Limit(JsonElement tool, string name) => tool.Find("limits").Find(name).IsThere() ? $"{tool.Find("limits").Whole(name)}" : "-";
    });

    private static async Task<int> Policy(Session session, string? rank, string? pause, CancellationToken ct)
    {
        var wanted = new JsonObject();
        if (rank is not null)
            wanted["rank"] = rank;
        if (pause is not null)
            wanted["pause"] = pause;
        var answer = wanted.Count == 0 ? await session.Client.Get("admin/policy", ct) : await session.Client.Post("admin/policy", Body.Of(wanted), ct);
        return session.Answer(answer, policy =>
        {
            session.Output.WriteLine($"rank   {policy.Text("rank")}");
            session.Output.WriteLine($"pause  {policy.Text("pause")}");
            session.Output.WriteLine($"route  {policy.Text("route")}");
            if (wanted.Count > 0)
                return;
            session.Output.WriteLine($"ranks there are: {string.Join(", ", policy.Each("rankPolicies"))}");
            session.Output.WriteLine($"pauses there are: {string.Join(", ", policy.Each("pausePolicies"))}");
        });
    }

    private static async Task<int> Rebalance(Session session, bool dryRun, CancellationToken ct) =>
        session.Answer(await session.Client.Post($"admin/rebalance?dryRun={(dryRun ? "true" : "false")}", null, ct), plan =>
        {
            var moves = plan.Each("moves").ToList();
            if (moves.Count == 0)
            {
                session.Output.WriteLine(plan.Text("because") is { Length: > 0 } because ? because : "Nothing would be gained: no request moves.");
                return;
            }

            var table = Terminal.Table("request", "from", "to", "why");
            foreach (var move in moves)
                table.AddRow(Plain(move.Text("request")), Plain(move.Text("from")), Plain(move.Text("to")), Plain(move.Text("because")));
            session.Console.Write(table);
            session.Output.WriteLine(dryRun ? "Nothing was moved: this was a dry run." : $"{moves.Count} moves were begun.");
        });

    private static async Task<int> Counterfactual(Session session, CancellationToken ct) => session.Answer(await session.Client.Get("admin/counterfactual", ct), shown =>
    {
        session.Output.WriteLine(shown.Text("basis"));
        if (shown.Whole("requests") == 0)
        {
            session.Output.WriteLine("Too few requests have ended to replay them.");
            return;
        }

        var table = Terminal.Table("latency of", ">mean", ">p50", ">p99", ">saved against it", "what it is");
        Row($"{shown.Whole("requests")} requests as served", shown.GetProperty("served"), "", "measured");
        Row($"{shown.Text("rank")}, replayed", shown.GetProperty("replayed"), "", "the live policy in the replay");
        foreach (var other in shown.Each("against"))
            Row($"{other.Text("policy")}, replayed", other.GetProperty("latency"), $"{other.Number("savedSeconds"):F1} s in all", other.Text("means"));
        session.Console.Write(table);

        void Row(string name, System.Text.Json.JsonElement latency, string saved, string means) =>
            table.AddRow(Plain(name), Seconds(latency.Number("mean")), Seconds(latency.Number("p50")), Seconds(latency.Number("p99")), saved, Plain(means));
    });
}
