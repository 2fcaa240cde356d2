using System.Globalization;
using Pharos.Bench.Engine;
using Pharos.Bench.Helios;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;

// What it brings to choose among candidates: one Pharos that has the largest alone, at full depth, and one that chooses, in one process, asked in turn.
//   dotnet run -c Release --project bench/helios -- --model flame --candidates flame@8,flame@4,spark
// Options: --memory PERCENT (weights and KV together, of the largest candidate's weights: 200), --requests N (each time), --clients N, --repeats N,
// --limit PER_MILLE (of tokens that may differ), --mode NAME, --settle N (requests at most until a choice is made)
var report = Console.Out;
Console.SetOut(TextWriter.Null); // gateways introduce themselves
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    var options = new Arguments(["helios", .. args]);
    options.Expect("model", "candidates", "memory", "requests", "clients", "repeats", "limit", "mode", "settle");
    var name = options.Text("model", "spark");
    string[] candidates = options.Text("candidates", $"{name}@4,{name}@2").Split(',');
    int requests = options.Number("requests", 600), clients = options.Number("clients", 64), repeats = Math.Max(1, options.Number("repeats", 3)), settle = options.Number("settle", 2_000);
    var limit = options.Number("limit", 10) / 1000.0;
    var weights = CpuBackend.WeightBytesOf(ServedModel.Open(name).Loaded);
    var memory = weights * options.Number("memory", 200) / 100;
    string[] both = [$"Helios:MemoryBytes={memory}", "Helios:RestSeconds=3", "Kv:HostBytes=0"];
    report.WriteLine($"{Machine.Describe()}, one worker of one thread; {name}: {weights / 1e6:F2} MB of weights, {memory / 1e6:F2} MB for weights and KV, {clients} clients");
    await using var large = await Side.StartAsync(name, both);
    await using var chosen = await Side.StartAsync(
        name, [.. both, $"Helios:MaxDisagreement={limit}", $"Helios:Mode={options.Text("mode", "throughput")}", .. candidates.Select((candidate, i) => $"Models:{i}={candidate}")]);

    // Until it has chosen: the largest answers, and audits compare the others with it. The other side is asked the same, for the compiler.
    var answeredBy = new SortedDictionary<string, int>(StringComparer.Ordinal);
    int first = 1_000_000, asked = 0, quiet = 0;
    for (string? before = null; asked < settle && quiet < 5; asked += 100)
    {
        KnownTask[] batch = [.. Enumerable.Range(first + asked, 100).Select(KnownTask.Make)];
        await large.RunAsync(batch, clients);
        var run = await chosen.RunAsync(batch, clients);
        foreach (var by in run.Models)
            answeredBy[by] = answeredBy.GetValueOrDefault(by) + 1;
        quiet = run.Models[^1] == before && before != name && run.Models.Distinct().Count() == 1 ? quiet + 1 : 0;
        before = run.Models[^1];
    }
    report.WriteLine($"after {asked} requests ({string.Join(", ", answeredBy.Select(by => $"{by.Value} answered by {by.Key}"))}):");

    var ratios = new List<(double Throughput, double Response, double Energy)>();
    var (right, rightLarge, same, all) = (0, 0, 0, 0);
    Side.Outcome? one = null, other = null;
    for (var repeat = 0; repeat < repeats; repeat++)
    {
        KnownTask[] tasks = [.. Enumerable.Range(repeat * requests, requests).Select(KnownTask.Make)];
        var (joules, _) = await chosen.EnergyAsync();
        one = await large.RunAsync(tasks, clients);
        var (between, _) = await chosen.EnergyAsync();
        other = await chosen.RunAsync(tasks, clients);
        var (after, _) = await chosen.EnergyAsync();
        ratios.Add((one.Seconds / other.Seconds, one.ResponseSeconds / other.ResponseSeconds, (between - joules) / (after - between)));
        report.WriteLine($"  largest {requests / one.Seconds:F1} requests/s, {one.TokensPerSecond:F0} tok/s, mean response {one.ResponseSeconds * 1e3:F0} ms;  chosen ({string.Join(", ", other.Models.Distinct())}) {requests / other.Seconds:F1} requests/s, {other.TokensPerSecond:F0} tok/s, {other.ResponseSeconds * 1e3:F0} ms");
        for (var i = 0; i < tasks.Length; i++, all++)
        {
            rightLarge += one.Said[i] == tasks[i].Expected ? 1 : 0;
            right += other.Said[i] == tasks[i].Expected ? 1 : 0;
            same += one.Said[i] == other.Said[i] ? 1 : 0;
        }
    }

    var serving = other!.Models[^1];
    double tokensOfRequest = (double)(other.PromptTokens + other.Tokens) / requests;
    int blocks = await chosen.BlocksAsync(), blocksLarge = await large.BlocksAsync();
    report.WriteLine($"requests a second   {Said(ratios.Select(ratio => ratio.Throughput))} x the largest's");
    report.WriteLine($"mean response time  {Said(ratios.Select(ratio => ratio.Response))} x shorter");
    report.WriteLine($"energy              {Said(ratios.Select(ratio => ratio.Energy))} x less ({(await chosen.EnergyAsync()).Source})");
    report.WriteLine($"batch               {blocks * 16 / tokensOfRequest:F0} sequences of {tokensOfRequest:F0} tokens fit in place of {blocksLarge * 16 / tokensOfRequest:F0}: {(double)blocks / blocksLarge:F2} x");
    report.WriteLine($"disagreement        {await chosen.FigureAsync("pharos_candidate_differing_tokens_total", serving)} of {await chosen.FigureAsync("pharos_candidate_audited_tokens_total", serving)} audited tokens, at most {await chosen.FigureAsync("pharos_candidate_disagreement_bound", serving):P2} with 95 % certainty, {limit:P2} allowed");
    report.WriteLine($"exact answers       {100.0 * right / all:F1} % in place of {100.0 * rightLarge / all:F1} %; {same} of {all} answers the same");
    return 0;
}
catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException or IOException or Pharos.Inference.Loading.ModelLoadException)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

static string Said(IEnumerable<double> values)
{
    double[] sorted = [.. values.Order()];
    return $"{sorted[sorted.Length / 2]:F2} ({sorted[0]:F2} to {sorted[^1]:F2})";
}
