using Pharos.Inference.Serving;
using Pharos.Scheduling.Models;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>exits</c>: tokens per second of processor time of the full model and with early exits, in turn, on the same prompts: how deep tokens went, how many answers differ, and
/// what the quality control says of it.
///   dotnet run -c Release --project bench/engine -- exits --batch 1,8
/// Options: --model NAME|DIR, --requests N, --tokens N (of an answer at most), --repeats N, --threads N, --threshold PERCENT (at first), --limit PERCENT (of
/// disagreement; 100: exits count from the beginning), --window N
/// </summary>
internal static class ExitCommand
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        arguments.Expect("model", "requests", "batch", "tokens", "repeats", "threads", "threshold", "limit", "window");
        var model = ServedModel.Open(arguments.Text("model", "spark"));
        int threads = arguments.Number("threads", 1), tokens = arguments.Number("tokens", 100), repeats = Math.Max(1, arguments.Number("repeats", 3));
        int window = arguments.Number("window", 16);
        var control = new ExitControlOptions(arguments.Number("threshold", 90) / 100.0, arguments.Number("limit", 1) / 100.0);
        int[][] prompts = [.. Enumerable.Range(0, Math.Max(1, arguments.Number("requests", 200))).Select(i => ExitPrompts.Make(model, i))];
        Console.WriteLine($"{Machine.Describe()}, {model.Name}, {threads} thread(s), {prompts.Length} prompts, window {window}, threshold {control.Threshold:F2}, limit {control.MaxDisagreement:P0}");
        foreach (int batch in arguments.Integers("batch", "1,8"))
        {
            var ratios = new List<double>();
            ExitLoop.Run? full = null, early = null;
            for (int repeat = 0; repeat <= repeats; repeat++) // the first is for the compiler
            {
                full = await RunAsync(null);
                early = await RunAsync(new ExitControl(control));
                if (repeat > 0)
                    ratios.Add(early.TokensPerSecond / full.TokensPerSecond);
            }
            Report(batch, full!, early!, ratios);

            async Task<ExitLoop.Run> RunAsync(ExitControl? quality)
            {
                await using var loop = new ExitLoop(model, threads, batch, quality is null ? 1 : window, quality);
                return await loop.RunAsync(prompts, tokens);
            }
        }
        return 0;
    }

    private static void Report(int batch, ExitLoop.Run full, ExitLoop.Run early, List<double> ratios)
    {
        double[] sorted = [.. ratios.Order()];
        Console.WriteLine(FormattableString.Invariant(
            $"batch {batch}: full {full.TokensPerSecond:F0} tok/s, with exits {early.TokensPerSecond:F0} tok/s, ratio {sorted[sorted.Length / 2]:F2} ({sorted[0]:F2} to {sorted[^1]:F2})"));
        long total = early.ByDepth.Values.Sum();
        Console.WriteLine("  " + string.Join(", ", early.ByDepth.Select(depth => FormattableString.Invariant($"depth {depth.Key}: {(double)depth.Value / total:P1}"))) + " of decoded tokens");
        var quality = early.Quality!;
        Console.WriteLine(FormattableString.Invariant(
            $"  audits {quality.Audits}, disagreements {quality.Disagreements}, bound {quality.DisagreementBound:P2}, threshold at the end {quality.Threshold:F4}"));
        int same = full.Answers.Zip(early.Answers).Count(pair => pair.First.SequenceEqual(pair.Second));
        Console.WriteLine(FormattableString.Invariant($"  answers the same as the full model's: {same} of {full.Answers.Length}"));
    }
}
