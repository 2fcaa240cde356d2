using System.Globalization;
using Pharos.Grains;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;

namespace Pharos.Gateway.Admin;

/// <summary>Why a request waits, in words for people; from what its grain and its pool say of it.</summary>
internal static class WaitReason
{
    private const string Paused = "paused for "; // as the request's timeline has it

    /// <param name="pool">Null where the scheduler is out of reach.</param>
    /// <param name="now">Unix seconds.</param>
    /// <returns>Null for a request that waits for nothing.</returns>
    public static string? Of(RequestDescription request, PoolDescription? pool, double now) => request.State switch
    {
        "queued" => InQueue(request, pool),
        "running" => OnWorker(request, pool),
        "calling_tools" or "parked" => ForTools(request, now),
        _ => null,
    };

    private static string InQueue(RequestDescription request, PoolDescription? pool)
    {
        if (request.Rank is not { } rank)
            return "Its turn has come: it is on its way to a worker.";
        var ahead = rank.Position switch { 0 => "It is next.", 1 => "One request goes before it.", var more => Text($"{more} requests go before it.") };
        var order = $" Order by {rank.Policy}: {rank.Because}.";
        return ahead + order + (pool is null ? "" : Room(pool));
    }

    private static string Room(PoolDescription pool)
    {
        var active = pool.Workers.Where(worker => worker.State == WorkerState.Active).ToList();
        if (active.Count == 0)
            return " No worker takes requests now.";
        var free = active.Select(worker => Text($"{worker.Worker} has {FreeTokens(worker)} of {AllTokens(worker)} KV tokens free and {worker.Sequences.Length} sequences"));
        return " " + string.Join("; ", free) + ".";
    }

    private static string? OnWorker(RequestDescription request, PoolDescription? pool)
    {
        var worker = pool?.Workers.FirstOrDefault(one => one.Worker == request.Worker);
        var held = worker?.Sequences.Cast<HeldSequence?>().FirstOrDefault(sequence => sequence!.Value.Request == request.Id);
        if (worker is null || held is not { Phase: SequencePhase.Waiting })
            return null;
        var running = worker.Sequences.Count(sequence => sequence.Phase == SequencePhase.Running);
        return Text($"It is in line on {worker.Worker}, which has {FreeTokens(worker)} of {AllTokens(worker)} KV tokens free and runs {running} of at most {worker.MaxSequences} sequences; its context is {held.Value.ContextTokens} tokens.");
    }

    private static string ForTools(RequestDescription request, double now)
    {
        var pause = request.Timeline.LastOrDefault(entry => entry.Event.StartsWith(Paused, StringComparison.Ordinal));
        var who = request.State == "parked" ? "its client to bring the result of " : "";
        var what = pause is null ? "a tool" : pause.Event[Paused.Length..];
        var since = pause is null ? "" : Text($", {Math.Max(0, now - request.ArrivalAt - pause.At):F1} s so far");
        var said = $"It waits for {who}{what}{since}.";
        return request.Receipts is [.., { ActualSeconds: null } receipt] ? $"{said} {Price(receipt)}" : said;
    }

    private static string Price(PauseReceipt receipt)
    {
        var prices = receipt.Prices;
        var decision = receipt.Revisions is [.., var latest] ? latest.Decision : receipt.Decision;
        var cache = decision switch
        {
            PauseAction.Preserve => "stays on the device",
            PauseAction.Swap => "is in host memory",
            _ => "was dropped and is computed again",
        };
        return Text($"Expected: {receipt.PredictedP50:F1} s in half of the calls, {receipt.PredictedP90:F1} s in nine of ten. Its cache of {receipt.ContextTokens} tokens {cache}; at the call, keeping it was priced at {prices.Preserve:F0} token-seconds, swapping at {prices.Swap:F0}, computing again at {prices.Discard:F0}.");
    }

    private static long FreeTokens(WorkerSnapshot worker) => (long)worker.Kv.DeviceFree * worker.Kv.BlockSize;

    private static long AllTokens(WorkerSnapshot worker) => (long)worker.Kv.DeviceBlocks * worker.Kv.BlockSize;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
