using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using static Pharos.Cli.Cluster.Said;

namespace Pharos.Cli.Cluster;

/// <summary><c>pharos workers</c>, <c>drain</c>, <c>undrain</c>, <c>cordon</c>, <c>evacuate</c>.</summary>
internal static class WorkerCommands
{
    public static IEnumerable<Command> All()
    {
        yield return new ClusterCommand("workers", "Show each worker: what runs, waits and is parked on it, and its memory.", Workers);
        yield return Order("drain", "Take a worker out: nothing new, parked requests leave, running ones finish.", canWait: true);
        yield return Order("undrain", "Bring a worker back that was drained, cordoned or evacuated.", canWait: false);
        yield return Order("cordon", "Give a worker nothing new; what it has stays.", canWait: false);
        yield return Order("evacuate", "Take a worker out within seconds: what it has goes on elsewhere.", canWait: true);
    }

    private static async Task<int> Workers(Session session, CancellationToken ct) => session.Answer(await session.Client.Get("admin/workers", ct), workers =>
    {
        var table = Terminal.Table("worker", "device", "state", ">running", ">in line", ">parked (device, host, dropped)", ">KV in use", ">of", ">tokens/s");
        foreach (var worker in workers.EnumerateArray())
        {
            var (kv, parked) = (worker.GetProperty("kv"), worker.GetProperty("parked"));
            table.AddRow(
                Plain(worker.Text("id")), Plain(worker.Text("device")), Terminal.State(worker.Text("state")), $"{worker.Whole("running")}", $"{worker.Whole("waiting")}",
                $"{parked.Whole("device")}, {parked.Whole("host")}, {parked.Whole("none")}", Invariant($"{kv.Number("used") / Math.Max(1, kv.Number("deviceBytes")):P0}"),
                Bytes(kv.Number("deviceBytes")), Invariant($"{worker.GetProperty("iteration").Number("tokensPerSecond"):F1}"));
        }

        session.Console.Write(table);
    });

    private static ClusterCommand Order(string action, string description, bool canWait)
    {
        var id = new Argument<string>("WORKER") { Description = "its id, or an end of it that no other has: 0, silo-0/1" };
        var wait = new Option<bool>("--wait") { Description = "return when nothing is left on it" };
        return new ClusterCommand(
            action, description,
            async (session, ct) =>
            {
                var worker = await Find(session, session.Parsed.GetValue(id)!, ct);
                var answer = await session.Client.Post($"admin/workers/{worker}/{action}", null, ct);
                if (canWait && session.Parsed.GetValue(wait))
                    answer = await UntilEmpty(session, worker, answer, ct);
                return session.Answer(answer, left => session.Output.WriteLine(
                    action == "undrain"
                        ? $"{left.Text("worker")} is {left.Text("state")}."
                        : $"{left.Text("worker")} is {left.Text("state")}: {left.Whole("running")} running, {left.Whole("parked")} parked, {Bytes(left.Number("bytes"))} left, about {Seconds(left.Number("etaSeconds"))}."));
            },
            canWait ? [id, wait] : [id]);
    }

    // The worker is asked to drain again: that changes nothing and says what is left.
    private static async Task<JsonElement> UntilEmpty(Session session, string worker, JsonElement left, CancellationToken ct)
    {
        while (left.Whole("running") + left.Whole("parked") > 0 && left.Text("state") != "drained")
        {
            await Task.Delay(TimeSpan.FromSeconds(0.5), ct);
            left = await session.Client.Post($"admin/workers/{worker}/drain", null, ct);
        }

        return left;
    }

    private static async Task<string> Find(Session session, string wanted, CancellationToken ct)
    {
        var known = (await session.Client.Get("admin/workers", ct)).EnumerateArray().Select(worker => worker.Text("id")).ToList();
        if (known.Contains(wanted))
            return wanted;
        var meant = known.Where(id => id.EndsWith('/' + wanted.TrimStart('/'), StringComparison.Ordinal)).ToList();
        return meant.Count switch
        {
            1 => meant[0],
            0 => throw new ClusterException($"No worker '{wanted}' is known; there are: {string.Join(", ", known)}."),
            _ => throw new ClusterException($"'{wanted}' could be {string.Join(" or ", meant)}: say more of it."),
        };
    }
}
