using System.CommandLine;
using Pharos.Scheduling.Prediction;
using Pharos.Simulator;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Scheduling.Predict;

/// <summary>
/// <c>predict</c>: sessions of a workload one after another through the learned predictor, which says what it expects of each segment before
/// it learns from it; the error against what came.
/// </summary>
internal static class PredictCommand
{
    public static Command Create()
    {
        var workload = new Option<string>("--workload") { Description = "a recorded trace, or multi, or single", DefaultValueFactory = _ => "multi" };
        var sessions = new Option<int>("--sessions") { Description = "how many to draw", DefaultValueFactory = _ => 5000 };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1 };
        var command = new Command("predict", "How far learned predictions are from the truth.") { workload, sessions, seed };
        command.SetAction(parsed => Measure(parsed.GetValue(workload)!, parsed.GetValue(sessions), parsed.GetValue(seed)));
        return command;
    }

    private static int Measure(string workload, int count, int seed)
    {
        var source = MixtureWorkload.BuiltIn.Contains(workload) ? (IWorkload)MixtureWorkload.Load(workload) : TraceReader.Read(workload);
        var dice = new Random(seed);
        var learned = new LearnedPredictions();
        var table = new ErrorTable();
        for (var i = 0; i < count; i++)
        {
            var session = new SimulatedRequest(i, new Arrival(0, source.Draw(dice)));
            foreach (var (forecast, truth) in Walk(session, learned))
            {
                table.Add("tokens of the segment", forecast.TokensToPause.Mean, truth.TokensToPause.Mean);
                table.Add("ends in a call", forecast.PauseProbability, truth.PauseProbability);
                table.Add("tokens of the whole rest", forecast.RequestTokensLeft(0), truth.RequestTokensLeft(0));
                table.Add("segments of the whole rest", forecast.PauseProbability * forecast.After.Segments, truth.PauseProbability * truth.After.Segments);
                table.Add("growth of the whole rest", Growth(forecast), Growth(truth));
                if (truth.PauseProbability > 0)
                    table.Add("seconds of the coming call", forecast.ToolSeconds.Mean, truth.ToolSeconds.Mean);
            }
        }

        table.Write(Console.Out);
        Coverage.Write("tokens of the segment", learned.Predictor.LengthCalibration, Console.Out);
        Coverage.Write("seconds of the tool called", learned.Predictor.ToolCalibration, Console.Out);
        return 0;
    }

    private static double Growth(SegmentForecast forecast) => forecast.PauseProbability * forecast.After.Growth;

    private static IEnumerable<(SegmentForecast Forecast, SegmentForecast Truth)> Walk(SimulatedRequest request, LearnedPredictions learned)
    {
        for (; ; request.Segment++)
        {
            yield return (learned.Forecast(request), OraclePredictions.Truth(request));
            learned.Learn(request);
            if (request.Segment == request.Session.Segments.Length - 1)
                yield break;
        }
    }
}
