using Pharos.Inference.Serving;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>tools</c>: mean time of requests that call tools, from arrival to end, with a budget that makes memory the bottleneck: first come, first served over a
/// prefix cache, against ranking by memory-time with lazy pauses, alone and with batches composed by density and caches in 8 bits; the same arrivals in one run.
///   dotnet run -c Release --project bench/engine -- tools
/// Options: --model NAME|DIR, --budget KV-TOKENS, --requests N, --rates N,N (a second), --threads N, --seeds N
/// </summary>
internal static class ToolsCommand
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        arguments.Expect("model", "budget", "requests", "rates", "threads", "seeds");
        var model = ServedModel.Open(arguments.Text("model", "spark"));
        int budget = arguments.Number("budget", 4096), count = arguments.Number("requests", 150), threads = arguments.Number("threads", 1), seeds = arguments.Number("seeds", 1);
        Console.WriteLine($"{Machine.Describe()}, {model.Name}, {threads} thread(s), {budget} KV tokens, {count} requests x {seeds} seeds");
        CacheWay[] ways = [CacheWay.FirstComePrefixes, new("pharos, kv", "pharos", "pharos"), CacheWay.Ours(null), CacheWay.Ours(CacheForm.Int8)];
        await MeanAsync(20, ways[0]); // for the compiler
        foreach (int rate in arguments.Integers("rates", "20,30,40"))
        {
            double first = 0;
            foreach (var way in ways)
            {
                var (mean, tools) = await MeanAsync(rate, way);
                first = first == 0 ? mean : first;
                Console.WriteLine(FormattableString.Invariant($"{rate,4} a second  {way.Name,-24} mean {mean:F2} s, of which tools {tools:F2} s; {100 * (mean / first - 1):+0;-0;0} %"));
            }
        }
        return 0;

        async Task<(double Mean, double Tools)> MeanAsync(int rate, CacheWay way)
        {
            var ended = new List<CacheRequest>();
            for (int seed = 1; seed <= seeds; seed++)
            {
                var load = ToolChats.Stream(count, rate, seed);
                await using var loop = new CacheLoop(model, budget, threads, way, ServiceObjective.Chat);
                await loop.RunAsync(load);
                ended.AddRange(load);
            }
            return (ended.Average(request => request.EndedAt - request.ArrivesAt), ended.Average(request => request.Session.ToolSeconds));
        }
    }
}
