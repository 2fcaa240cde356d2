using Pharos.Inference.Chat;
using Pharos.Inference.Serving;

namespace Pharos.Bench.Engine;

/// <summary>
/// <c>guess</c>: tokens per second with guessing ahead and without, in turn, on conversations whose answers quote a tool's result; and that both say the
/// same. The embedded model was trained to quote the errors of tools.
///   dotnet run -c Release --project bench/engine -- guess --batch 1,4 --drafts 8
/// Options: --model NAME|DIR, --requests N, --tokens N (of an answer at most), --repeats N, --threads N
/// </summary>
internal static class GuessCommand
{
    private static readonly string[] Errors =
    [
        "station is closed, permission required, try again later", "upstream failed: the server is busy and the request was cancelled", "rate limit reached, quota exceeded, access denied",
        "city is ambiguous, city not found, unknown city", "connection lost, network error, service unavailable", "the tool is offline and data is missing",
    ];

    private static readonly string[] Cities = ["Oslo", "Rome", "Paris", "Madrid", "Cairo"];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        arguments.Expect("model", "requests", "batch", "drafts", "tokens", "repeats", "threads");
        var model = ServedModel.Open(arguments.Text("model", "spark"));
        int threads = arguments.Number("threads", 1), most = arguments.Number("drafts", 8), tokens = arguments.Number("tokens", 150);
        int[][] prompts = [.. Enumerable.Range(0, Math.Max(1, arguments.Number("requests", 24))).Select(i => Prompt(model, Cities[i % Cities.Length], Errors[i % Errors.Length]))];
        Console.WriteLine($"{Machine.Describe()}, {model.Name}, {threads} thread(s), up to {most} guesses");
        Console.WriteLine($"{"batch",5} {"tokens",7} {"plain tok/s",12} {"guessing tok/s",15} {"ratio",6} {"guessed",8} {"held",6} {"tokens a step",14}");
        foreach (int batch in arguments.Integers("batch", "1,4"))
        {
            var runs = new List<(GuessLoop.Run Plain, GuessLoop.Run Guessing)>();
            for (int repeat = 0; repeat <= Math.Max(1, arguments.Number("repeats", 5)); repeat++) // the first is for the compiler
            {
                var plain = await RunAsync(0);
                var guessing = await RunAsync(most);
                if (!plain.Said.SequenceEqual(guessing.Said))
                    throw new InvalidOperationException("Guessing changed what was said.");
                if (repeat > 0)
                    runs.Add((plain, guessing));
            }
            var last = runs[^1].Guessing;
            Console.WriteLine(FormattableString.Invariant(
                $"{batch,5} {last.Tokens,7} {Median(runs.Select(run => run.Plain.TokensPerSecond)),12:F0} {Median(runs.Select(run => run.Guessing.TokensPerSecond)),15:F0} {Median(runs.Select(run => run.Guessing.TokensPerSecond / run.Plain.TokensPerSecond)),6:F2} {last.Drafted,8} {(double)last.Accepted / Math.Max(1, last.Drafted),6:P0} {(double)last.Tokens / last.Steps,14:F2}"));

            async Task<GuessLoop.Run> RunAsync(int drafts)
            {
                await using var loop = new GuessLoop(model, threads, batch, drafts);
                return await loop.RunAsync(prompts, tokens);
            }
        }
        return 0;
    }

    private static int[] Prompt(ServedModel model, string city, string error)
    {
        var tool = new ChatTool("get_weather", "Weather of a city", """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""");
        return [.. model.Encode(model.Format.Render(
            [
                ChatMessage.User($"What is the weather in {city}?"),
                ChatMessage.Assistant("", new ChatToolCall("call", tool.Name, $$"""{"city": "{{city}}"}""")),
                ChatMessage.Tool("call", $$"""{"error": "{{error}}"}"""),
            ], [tool]))];
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
