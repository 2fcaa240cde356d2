using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using static Pharos.Cli.Cluster.Said;

namespace Pharos.Cli.Cluster;

/// <summary><c>pharos requests</c>, <c>explain</c>, <c>migrate</c>, <c>cancel</c>.</summary>
internal static class RequestCommands
{
    public static IEnumerable<Command> All()
    {
        var state = new Option<string?>("--state") { Description = "live, queued, running, calling_tools, parked, finished or cancelled; by itself all" };
        state.CompletionSources.Add("live", "queued", "running", "calling_tools", "parked", "finished", "cancelled");
        var limit = new Option<int>("--limit") { Description = "most requests shown, the newest first", DefaultValueFactory = _ => 30 };
        yield return new ClusterCommand("requests", "List the latest requests and what each is doing.", (session, ct) => List(session, session.Parsed.GetValue(state), session.Parsed.GetValue(limit), ct), state, limit);

        var explained = Id();
        yield return new ClusterCommand("explain", "Tell a request's life: why it waits, where it was placed and why, each tool call with the decision and its prices.", (session, ct) =>
            Explain(session, session.Parsed.GetValue(explained)!, ct), explained);

        var (moved, to) = (Id(), new Option<string?>("--to") { Description = "the worker to move it to; by itself the one with most room" });
        yield return new ClusterCommand("migrate", "Move a request to another worker, from the tokens it has.", async (session, ct) =>
        {
            var target = session.Parsed.GetValue(to) is { } worker ? $"?to={Uri.EscapeDataString(worker)}" : "";
            var id = await Find(session, session.Parsed.GetValue(moved)!, ct);
            return session.Answer(await session.Client.Post($"admin/requests/{id}/migrate{target}", null, ct), answer => session.Output.WriteLine($"{id} moves from {answer.Text("from")} to {answer.Text("to")}."));
        }, moved, to);

        var cancelled = Id();
        yield return new ClusterCommand("cancel", "Stop a request wherever it is and free what it holds.", async (session, ct) =>
        {
            var id = await Find(session, session.Parsed.GetValue(cancelled)!, ct);
            return session.Answer(await session.Client.Post($"admin/requests/{id}/cancel", null, ct), answer => session.Output.WriteLine($"{answer.Text("id")} is {answer.Text("state")}."));
        }, cancelled);
    }

    private static Argument<string> Id() => new("ID") { Description = "of a request or its response, or the last characters of it" };

    private static async Task<int> List(Session session, string? state, int limit, CancellationToken ct)
    {
        var query = $"admin/requests?limit={limit}{(state is null ? "" : $"&state={Uri.EscapeDataString(state)}")}";
        return session.Answer(await session.Client.Get(query, ct), requests =>
        {
            var table = Terminal.Table("request", "tenant", "state", "worker", ">age or time", ">segments", ">context", "tools");
            foreach (var request in requests.EnumerateArray())
            {
                table.AddRow(
                    Plain(request.Text("id")), Plain(request.Text("tenant")), Terminal.State(request.Text("state")), Plain(request.Text("worker")), Seconds(request.Number("seconds")),
                    $"{request.Whole("segment") + 1}", $"{request.Whole("contextTokens")}", Plain(string.Join(", ", request.Each("tools").Select(tool => tool.GetString()))));
            }

            session.Console.Write(table);
        });
    }

    private static async Task<int> Explain(Session session, string wanted, CancellationToken ct) =>
        session.Answer(await session.Client.Get($"admin/requests/{await Find(session, wanted, ct)}", ct), request =>
        {
            session.Output.WriteLine($"{request.Text("id")} is {request.Text("state")}{(request.Text("worker") is { Length: > 0 } worker ? $" on {worker}" : "")}, for {request.Text("tenant")}.");
            if (request.Text("why") is { Length: > 0 } why)
                session.Output.WriteLine(why);
            session.Output.WriteLine();
            var steps = Terminal.Table(">at", "step", ">tokens", "worker", "why");
            foreach (var entry in request.Each("timeline"))
                steps.AddRow(Seconds(entry.Number("at")), Plain(entry.Text("event")), $"{entry.Whole("tokens")}", Plain(entry.Text("worker")), Plain(entry.Find("route").Text("because")));
            session.Console.Write(steps);
            Receipts(session, request);
            var usage = request.GetProperty("usage");
            session.Output.WriteLine(Invariant($"{usage.Whole("promptTokens")} tokens of prompt, {usage.Whole("cachedTokens")} of them found in a cache, {usage.Whole("completionTokens")} of answer; {usage.Number("kvTokenSeconds"):F1} token-seconds of memory; {Seconds(usage.Number("queueSeconds"))} in queues, {Seconds(usage.Number("toolSeconds"))} in tools."));
        });

    private static void Receipts(Session session, JsonElement request)
    {
        if (!request.Each("receipts").Any())
            return;
        var table = Terminal.Table("tool call", ">predicted p50, p90", ">took", ">preserve", ">swap", ">discard", "decision", "later", ">regret");
        foreach (var receipt in request.Each("receipts"))
        {
            var (predicted, prices) = (receipt.GetProperty("predictedSeconds"), receipt.GetProperty("prices"));
            table.AddRow(
                Plain(receipt.Text("tool")), $"{Seconds(predicted.Number("p50"))}, {Seconds(predicted.Number("p90"))}", Seconds(receipt.Number("actualSeconds")),
                Price(prices, "preserve"), Price(prices, "swap"), Price(prices, "discard"), $"[bold]{Plain(receipt.Text("decision"))}[/] until {Plain(receipt.Text("until"))}",
                Plain(string.Join("; ", receipt.Each("revisions").Select(change => $"{change.Text("decision")}: {change.Text("because")}"))), Invariant($"{receipt.Number("regretTokenSeconds"):F1}"));
        }

        session.Console.Write(table);
        session.Output.WriteLine("Prices and regret in token-seconds of memory.");
    }

    private static string Price(JsonElement prices, string action) => prices.Number(action) is var price && double.IsFinite(price) ? Invariant($"{price:0.##}") : "not possible";

    // The list shows whole ids; people type their ends.
    private static async Task<string> Find(Session session, string wanted, CancellationToken ct)
    {
        if (wanted.Length is < 4 or >= 20)
            return Uri.EscapeDataString(wanted);
        var meant = (await session.Client.Get("admin/requests?limit=1000", ct)).EnumerateArray().Select(one => one.Text("id")).Where(id => id.EndsWith(wanted, StringComparison.Ordinal)).ToList();
        return meant.Count switch
        {
            1 => meant[0],
            0 => Uri.EscapeDataString(wanted),
            _ => throw new ClusterException($"{meant.Count} requests end in '{wanted}': say more of it."),
        };
    }
}
