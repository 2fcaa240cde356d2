using Pharos.Inference.Serving;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Worker;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>cache</c>: how many sequences of a length a fixed budget holds as keys and values and as hidden states; and the goodput of the engine on bursts of
/// requests, first come, first served with keys and values alone against batches composed by density, on the same arrivals in one run.
///   dotnet run -c Release --project bench/engine -- cache
/// Options: --model NAME|DIR, --budget KV-TOKENS, --requests N, --rates N,N (a second), --ttft MILLISECONDS, --itl MILLISECONDS, --threads N, --seeds N
/// </summary>
internal static class CacheCommand
{
    private const int ContextTokens = 240; // of a sequence, to count how many fit

    public static async Task<int> RunAsync(Arguments arguments)
    {
        arguments.Expect("model", "budget", "requests", "rates", "ttft", "itl", "threads", "seeds");
        var model = ServedModel.Open(arguments.Text("model", "spark"));
        int budget = arguments.Number("budget", 4096), count = arguments.Number("requests", 150), threads = arguments.Number("threads", 1), seeds = arguments.Number("seeds", 2);
        var objective = new ServiceObjective(arguments.Number("ttft", 500) / 1000.0, arguments.Number("itl", 100) / 1000.0);
        Console.WriteLine(FormattableString.Invariant(
            $"{Machine.Describe()}, {model.Name}, {threads} thread(s), {budget} KV tokens, {count} requests x {seeds} seeds, objective {objective.FirstTokenSeconds:F3} s and {objective.TokenGapSeconds:F3} s"));
        await CountAsync(model, budget, threads);
        CacheWay[] ways = [CacheWay.FirstCome, CacheWay.Ours(null), CacheWay.Ours(CacheForm.Hidden), CacheWay.Ours(CacheForm.Int8)];
        var best = new double[ways.Length];
        await GoodputAsync(arguments.Integers("rates", "20")[0], 0); // for the compiler
        foreach (int rate in arguments.Integers("rates", "3,6,9,12,18,24"))
        {
            for (int way = 0; way < ways.Length; way++)
            {
                var (goodput, served) = await GoodputAsync(rate, way);
                best[way] = Math.Max(best[way], goodput);
                Console.WriteLine(FormattableString.Invariant($"{rate,4} a second  {ways[way].Name,-16} in objective {served,6:P1}, {goodput:F1} a second"));
            }
        }
        for (int way = 0; way < ways.Length; way++)
            Console.WriteLine(FormattableString.Invariant($"best goodput  {ways[way].Name,-16} {best[way]:F1} a second, {best[way] / best[0]:F2} x"));
        return 0;

        async Task<(double Goodput, double Served)> GoodputAsync(int rate, int way)
        {
            double met = 0, asked = 0;
            for (int seed = 1; seed <= seeds; seed++)
            {
                var load = ShortChats.Bursts(count, rate, seed);
                await using var loop = new CacheLoop(model, budget, threads, ways[way], objective);
                await loop.RunAsync(load);
                met += load.Count(request => request.Meets(objective));
                asked += load.Length;
            }
            return (rate * met / asked, met / asked);
        }
    }

    // All arrive at once; so many run when the device is full.
    private static async Task CountAsync(ServedModel model, int budget, int threads)
    {
        var held = new List<(CacheForm Form, int Sequences)>();
        foreach (var form in (CacheForm[])[CacheForm.Kv, CacheForm.Hidden, CacheForm.Int8])
        {
            await using var loop = new CacheLoop(model, budget, threads, CacheWay.Ours(form == CacheForm.Kv ? null : form), ServiceObjective.Chat, maxTokens: 4 * budget) { RebuildIsFree = true };
            held.Add((form, await loop.FillAsync([.. Enumerable.Range(0, 4 * budget / ContextTokens).Select(_ => new CacheRequest(0, new Session("count", ContextTokens, [new Segment(1000, null, 0, 0)])))])));
        }
        foreach (var (form, sequences) in held)
            Console.WriteLine(FormattableString.Invariant($"{form,-7} holds {sequences} sequences of {ContextTokens} tokens: {(double)sequences / held[0].Sequences:F2} x"));
    }
}
