using System.Diagnostics;
using Pharos.Grains.Devices;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Engine;

/// <summary>A device loop's work on some requests, greedy, until all are answered.</summary>
internal sealed class GuessLoop : IAsyncDisposable
{
    private readonly ServedModel model;
    private readonly CpuBackend backend;
    private readonly WorkerCore core;
    private readonly Iteration iteration;
    private readonly Dictionary<string, ServedSequence> sequences = [];
    private readonly List<(ServedSequence Sequence, TokenMeaning Meaning, int Tokens)> spoken = [];

    /// <param name="batch">Most sequences that decode together.</param>
    public GuessLoop(ServedModel model, int threads, int batch, int drafts)
    {
        this.model = model;
        backend = CpuBackend.Create(model.Loaded, new CpuBackendOptions { Threads = threads, HostBytes = 0 });
        core = new WorkerCore(
            new WorkerLimits(backend.Kv.BlockSize, backend.Kv.DeviceBlocks, 0, 512, batch, 256, MaxDrafts: drafts),
            DeviceProfile.GptJ6bA100, RankingPolicies.Find("fcfs"), PausePolicies.Find("preserve"));
        iteration = new Iteration(backend, core, slot => sequences[slot.Request]);
    }

    /// <param name="Said">All tokens of all answers.</param>
    /// <param name="Seconds">From the first iteration to the last.</param>
    internal sealed record Run(int[] Said, double Seconds, long Steps, long Drafted, long Accepted)
    {
        public int Tokens => Said.Length;

        public double TokensPerSecond => Tokens / Seconds;
    }

    /// <param name="tokens">Of an answer at most.</param>
    public async Task<Run> RunAsync(int[][] prompts, int tokens)
    {
        for (int i = 0; i < prompts.Length; i++)
            Start($"r{i}", prompts[i], tokens);
        var said = new SortedDictionary<string, int[]>(StringComparer.Ordinal);
        long start = Stopwatch.GetTimestamp();
        while (said.Count < prompts.Length)
        {
            var plan = core.Plan(Stopwatch.GetElapsedTime(start).TotalSeconds);
            iteration.Copy(plan);
            await iteration.ForwardAsync(plan, CancellationToken.None);
            iteration.Commit(plan, spoken);
            foreach (var (sequence, meaning, _) in spoken)
            {
                if (meaning.End is null)
                {
                    if (core.MaxDrafts > 0)
                        core.Guess(sequence.Slot, sequence.Guess(core.MaxDrafts));
                    continue;
                }
                said.Add(sequence.Slot.Request, [.. sequence.SegmentTokens]);
                core.Remove(sequence.Slot, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            spoken.Clear();
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Run([.. said.Values.SelectMany(answer => answer)], seconds, core.Totals.Iterations, core.Totals.DraftedTokens, core.Totals.AcceptedTokens);
    }

    public ValueTask DisposeAsync()
    {
        iteration.Dispose();
        return backend.DisposeAsync();
    }

    private void Start(string name, int[] prompt, int tokens)
    {
        var forecast = new SegmentForecast(Estimate.Exactly(tokens), 0, null, Estimate.Exactly(0), 0, Estimate.Exactly(tokens));
        var slot = core.Admit(new SequenceStart(name, 1, 0, 0, prompt.Length, prompt.Length, forecast, null), 0);
        var options = new GenerationOptions(tokens, 0, 1, 0, 7, []);
        sequences.Add(name, new ServedSequence(
            model, slot, new SequenceWork(name, 1, "gateway", [.. prompt], prompt.Length, 0, options, ToolUse.None, [], 0, forecast, 0, "tenant"), null));
    }
}
