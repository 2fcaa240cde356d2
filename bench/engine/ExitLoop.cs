using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Models;

namespace Pharos.Bench.Engine;

/// <summary>Greedy answers to some prompts, so many at a time: a place that becomes free takes the next prompt, which is read in the step of the others.</summary>
internal sealed class ExitLoop : IAsyncDisposable
{
    private readonly ServedModel model;
    private readonly CpuBackend backend;
    private readonly ExitControl? quality;
    private readonly Place[] places;
    private readonly StepBatch batch = new();
    private readonly StepResult result = new();
    private readonly Random dice = new(1);
    private readonly int blocksOfPlace;

    /// <param name="quality">Decides what exits may say; null: the full model alone.</param>
    public ExitLoop(ServedModel model, int threads, int places, int window, ExitControl? quality)
    {
        (this.model, this.quality) = (model, quality);
        backend = CpuBackend.Create(model.Loaded, new CpuBackendOptions { Threads = threads, HostBytes = 0, DeviceBytes = 256 << 20, ExitWindow = window, MaxSequences = places, MaxTokensPerStep = 1024 });
        blocksOfPlace = Math.Min(backend.Kv.DeviceBlocks / places, model.MaxPositions / backend.Kv.BlockSize);
        this.places = [.. Enumerable.Range(0, places).Select(_ => new Place())];
    }

    /// <param name="Seconds">Of processor time, so that what else runs on the machine counts for less.</param>
    /// <param name="ByDepth">Tokens, the first of each answer not counted, by the layers they were taken after.</param>
    internal sealed record Run(int[][] Answers, double Seconds, SortedDictionary<int, long> ByDepth, ExitControl? Quality)
    {
        public double TokensPerSecond => Answers.Sum(answer => answer.Length) / Seconds;
    }

    public async Task<Run> RunAsync(int[][] prompts, int most)
    {
        var answers = prompts.Select(_ => new List<int>()).ToArray();
        var byDepth = new SortedDictionary<int, long>();
        int waiting = 0;
        var start = Environment.CpuUsage.TotalTime;
        while (true)
        {
            foreach (var place in places.Where(place => place.Prompt < 0 && waiting < prompts.Length))
                place.Begin(waiting, prompts[waiting++]);
            Place[] active = [.. places.Where(place => place.Prompt >= 0)];
            if (active.Length == 0)
                break;
            Fill(active, room: 1024);
            await backend.ForwardAsync(batch, result, CancellationToken.None);
            int width = backend.Model.VocabularySize;
            for (int i = 0; i < batch.SequenceCount; i++)
            {
                var place = active[i];
                int token = Sampler.ArgMax(result.Logits.AsSpan(i * width, width));
                if (quality is not null)
                    place.Deficit = result.Deficits[i];
                if (batch.Exits[i].IsOn)
                {
                    byDepth[result.Exits[i].Depth] = byDepth.GetValueOrDefault(result.Exits[i].Depth) + 1;
                    if (result.Exits[i].Agrees is { } agrees)
                        quality!.Observe(agrees);
                }
                answers[place.Prompt].Add(token);
                place.Take(token);
                if (model.Ends(token) || answers[place.Prompt].Count == most || place.Length + 1 >= blocksOfPlace * backend.Kv.BlockSize)
                    place.Prompt = -1;
            }
        }
        return new Run([.. answers.Select(answer => answer.ToArray())], (Environment.CpuUsage.TotalTime - start).TotalSeconds, byDepth, quality);
    }

    public ValueTask DisposeAsync() => backend.DisposeAsync();

    // Those that do not fit wait for the next step.
    private void Fill(Place[] active, int room)
    {
        batch.Reset(room, active.Length, blocksOfPlace);
        foreach (var place in active)
        {
            if (batch.TokenCount + place.Pending.Count > room)
                break;
            int row = batch.SequenceCount++, first = Array.IndexOf(places, place) * blocksOfPlace;
            for (int block = 0; block < blocksOfPlace; block++)
                batch.BlockTables[row * blocksOfPlace + block] = first + block;
            bool isDecode = place.Length > 0;
            for (int i = 0; i < place.Pending.Count; i++)
            {
                int at = batch.TokenCount++;
                (batch.TokenIds[at], batch.Positions[at], batch.SlotMapping[at]) = (place.Pending[i], place.Length, first * backend.Kv.BlockSize + place.Length);
                place.Length++;
            }
            (batch.ContextLengths[row], batch.QueryStart[row + 1], batch.Deficits[row]) = (place.Length, batch.TokenCount, place.Deficit);
            batch.Exits[batch.LogitRowCount] = isDecode && quality is not null ? new ExitRule((float)quality.Threshold, quality.Use(dice.NextDouble())) : ExitRule.None;
            batch.LogitRows[batch.LogitRowCount++] = batch.TokenCount - 1;
        }
        result.Reserve(batch.LogitRowCount, backend.Model.VocabularySize, logits: true);
    }

    private sealed class Place
    {
        public int Prompt { get; set; } = -1;

        public List<int> Pending { get; } = [];

        public int Length { get; set; } // tokens in the cache

        public Deficit Deficit { get; set; }

        public void Begin(int prompt, int[] tokens)
        {
            (Prompt, Length, Deficit) = (prompt, 0, default);
            Pending.Clear();
            Pending.AddRange(tokens);
        }

        public void Take(int token)
        {
            Pending.Clear();
            Pending.Add(token);
        }
    }
}
