using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Bench.Scheduling.Predict;

/// <summary>
/// <c>predict-text</c>: real prompts through the predictor in random order, each predicted before it is learned from: the running mean, the
/// predictor without the prompt's words, and with them. Several files together are one stream of mixed traffic. Then what a forecast costs.
/// </summary>
internal static class PredictTextCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "JSON lines with prompt and response_tokens, gzipped or not" };
        var command = new Command("predict-text", "How far lengths predicted from prompts are from the truth.") { files };
        command.SetAction(parsed => Measure(parsed.GetValue(files)!));
        return command;
    }

    private static int Measure(string[] files)
    {
        var rows = files.SelectMany(PromptSet.Read).ToArray();
        new Random(1).Shuffle(rows);
        var table = new ErrorTable();
        var (sum, count) = (0.0, 0);
        var (plain, full) = (new SegmentPredictor(new PredictionPriors()), new SegmentPredictor(new PredictionPriors()));
        foreach (var (context, tokens) in rows)
        {
            if (count > rows.Length / 5) // the first fifth is learned from only
            {
                table.Add("running mean", sum / count, tokens);
                table.Add("prompt's length", Predict(plain, context with { Words = [] }, count).TokensToPause.Mean, tokens);
                var forecast = Predict(full, context, count);
                table.Add("prompt's length and words", forecast.TokensToPause.Mean, tokens);
                table.Add("the same, median", forecast.Length.Quantile(0.5), tokens);
                table.Add("the same after 50 tokens", tokens > 50 ? 50 + forecast.TokensLeft(50).Mean : tokens, tokens);
            }

            Learn(plain, context with { Words = [] }, count, tokens);
            Learn(full, context, count++, tokens);
            sum += tokens;
        }

        table.Write(Console.Out);
        Coverage.Write("tokens", full.LengthCalibration, Console.Out);
        Cost(full, rows[0].Context);
        return 0;
    }

    private static void Cost(SegmentPredictor predictor, SegmentContext context)
    {
        const int times = 200_000;
        for (var i = 0; i < times; i++)
            Predict(predictor, context, 0);
        var (before, watch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
        var request = Descriptor(context, 0);
        for (var i = 0; i < times; i++)
            predictor.Forecast(request);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a forecast over {context.Words.Length} words takes {watch.Elapsed.TotalMicroseconds / times:F2} us and {(GC.GetAllocatedBytesForCurrentThread() - before) / times} bytes"));
    }

    private static SegmentForecast Predict(SegmentPredictor predictor, in SegmentContext context, int id) => predictor.Forecast(Descriptor(context, id));

    private static void Learn(SegmentPredictor predictor, in SegmentContext context, int id, int tokens)
    {
        Predict(predictor, context, id);
        predictor.Learn(new SegmentOutcome($"{id}", 0, context.PromptTokens, tokens, [], Ended: true));
    }

    private static RequestDescriptor Descriptor(in SegmentContext context, int id) => new(
        $"{id}", 1, "", 0, 0, 0, context.Turn, context.PromptTokens, int.MaxValue, null, 0, ToolUse.None, context.Offer, context.Words);
}
