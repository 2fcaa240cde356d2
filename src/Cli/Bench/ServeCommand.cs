using System.CommandLine;
using System.Text.Json;
using Pharos.Cli.Cluster;
using Pharos.Simulator.Workloads;
using Spectre.Console;
using Session = Pharos.Cli.Cluster.Session;
using static Pharos.Cli.Cluster.Said;

namespace Pharos.Cli.Bench;

/// <summary><c>pharos bench serve</c>: an open-loop load against any OpenAI endpoint; time to first token, between tokens, to the end, goodput.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var model = new Option<string?>("--model") { Description = "by itself the first that the server lists" };
        var rate = new Option<double>("--rate") { Description = "requests a second; not used by trace arrivals", DefaultValueFactory = _ => 2 };
        var requests = new Option<int>("--requests") { Description = "most requests sent", DefaultValueFactory = _ => 100 };
        var seconds = new Option<double>("--seconds") { Description = "arrivals stop here; the answers under way are waited for", DefaultValueFactory = _ => 3600 };
        var arrivals = new Option<string>("--arrivals") { Description = LoadPlan.Arrivals, DefaultValueFactory = _ => "poisson" };
        var workload = new Option<string?>("--workload") { Description = "lengths, and times for trace arrivals, from a recorded trace or one of " + string.Join(", ", MixtureWorkload.BuiltIn) + "; a session's segments count as one answer" };
        var prompt = new Option<int>("--prompt-tokens") { Description = "words of each prompt, without --workload", DefaultValueFactory = _ => 32 };
        var output = new Option<int>("--output-tokens") { Description = "most tokens of each answer, without --workload", DefaultValueFactory = _ => 64 };
        var ttft = new Option<double>("--slo-ttft") { Description = "objective: seconds to the first token", DefaultValueFactory = _ => 1 };
        var itl = new Option<double>("--slo-itl") { Description = "objective: mean seconds between a request's tokens", DefaultValueFactory = _ => 0.1 };
        var timeout = new Option<double>("--timeout") { Description = "seconds after which a request counts as failed", DefaultValueFactory = _ => 300 };
        var seed = new Option<int>("--seed") { Description = "of arrivals, sizes and prompts", DefaultValueFactory = _ => 1 };
        return new ClusterCommand(
            "serve", "Send an open-loop load to an OpenAI endpoint and measure latency and goodput.",
            async (session, ct) =>
            {
                var parsed = session.Parsed;
                var source = parsed.GetValue(workload) is { } name ? MixtureWorkload.BuiltIn.Contains(name) ? (IWorkload)MixtureWorkload.Load(name) : TraceReader.Read(name) : null;
                var plan = LoadPlan.Of(
                    parsed.GetValue(arrivals)!, source, parsed.GetValue(rate), parsed.GetValue(seconds), parsed.GetValue(requests), parsed.GetValue(seed), parsed.GetValue(prompt), parsed.GetValue(output));
                if (plan.Count == 0)
                    throw new ArgumentException("No request arrives within --seconds: give a higher --rate or more time.");
                var run = new LoadRun(session.Client, parsed.GetValue(model) ?? await Models.First(session, ct), parsed.GetValue(seed), TimeSpan.FromSeconds(parsed.GetValue(timeout)));
                var (served, took) = await WithProgress(session, plan, run, ct);
                var result = LoadResult.Of(served, took, parsed.GetValue(ttft), parsed.GetValue(itl));
                if (session.IsJson)
                    session.Output.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
                else
                    Show(session, result, served, took, parsed.GetValue(ttft), parsed.GetValue(itl));
                return result.Failed == result.Requests ? 1 : 0;
            },
            model, rate, requests, seconds, arrivals, workload, prompt, output, ttft, itl, timeout, seed);
    }

    private static async Task<(IReadOnlyList<ServedRequest> Served, double Seconds)> WithProgress(Session session, IReadOnlyList<PlannedRequest> plan, LoadRun run, CancellationToken ct)
    {
        if (session.IsJson || !session.Console.Profile.Capabilities.Interactive)
            return await run.Send(plan, _ => { }, ct);
        return await session.Console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                var bar = progress.AddTask($"{plan.Count} requests", maxValue: plan.Count);
                return await run.Send(plan, _ => bar.Increment(1), ct);
            });
    }

    private static void Show(Session session, LoadResult result, IReadOnlyList<ServedRequest> served, double took, double sloTtft, double sloItl)
    {
        var table = Terminal.Table("", ">mean", ">p50", ">p99");
        foreach (var (name, times) in new (string, Times)[] { ("time to first token", result.Ttft), ("between tokens", result.Itl), ("to the end", result.E2e) })
            table.AddRow(name, Seconds(times.Mean), Seconds(times.P50), Seconds(times.P99));
        session.Console.Write(table);
        session.Output.WriteLine(Invariant($"{result.Requests} requests in {took:F1} s, {result.Failed} failed; {result.TokensPerSecond:F1} tokens/s"));
        session.Output.WriteLine(Invariant($"goodput {result.Goodput:F2} requests/s: first token within {Seconds(sloTtft)}, {Seconds(sloItl)} between tokens"));
        foreach (var reason in served.Where(request => request.Failure is not null).GroupBy(request => request.Failure).OrderByDescending(group => group.Count()).Take(5))
        {
            var known = Times.Of(reason.Select(request => request.EndToEnd));
            session.Output.WriteLine($"{reason.Count()} failed, known after {Seconds(known.P50)} (p99 {Seconds(known.P99)}): {reason.Key}");
        }
    }
}
