using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pharos.Grains.Hosting;
using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Devices;

/// <summary>
/// Compares candidates with the reference on contexts that were answered: what would each have said at every token? The weights it needs are read from their files when the
/// first answer is to be audited, beside the device's own, and let go when there has been none for a while. Answers that come faster than they can be
/// compared are left out.
/// </summary>
internal sealed partial class AnswerAuditor : IAsyncDisposable
{
    private const int MostWaiting = 8;
    private const int ChunkTokens = 256;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);
    private readonly ModelFamily family;
    private readonly Func<ServedModel, IModelBackend> open;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Channel<Answer> answers = Channel.CreateBounded<Answer>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly SortedDictionary<string, IModelBackend> opened = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();
    private readonly StepBatch batch = new();
    private readonly StepResult result = new();
    private readonly Sampler sampler;
    private readonly Task run;
    private ImmutableSortedDictionary<string, AuditTally> tallies = ImmutableSortedDictionary.Create<string, AuditTally>(StringComparer.Ordinal);
    private CandidateOrder order = new(null, 0, []);
    private ulong draws;

    /// <param name="open">Makes a small backend of a candidate: one sequence, as long as the model allows.</param>
    public AnswerAuditor(ModelFamily family, Func<ServedModel, IModelBackend> open, TimeProvider time, BackgroundLoops loops, string name, ILogger log)
    {
        (this.family, this.open, this.time, this.log) = (family, open, time, log);
        sampler = new Sampler(family.Reference.Loaded.Shape.VocabularySize);
        run = loops.Start(name, RunAsync);
    }

    /// <summary>Totals by candidate.</summary>
    public ImmutableArray<AuditTally> Tallies => [.. Volatile.Read(ref tallies).Values];

    /// <summary>What to audit, and how much of it.</summary>
    public void Follow(CandidateOrder now) => Volatile.Write(ref order, now);

    /// <summary>An answer has ended; it is audited by chance. From the device's loop alone.</summary>
    /// <param name="tokens">Its whole context.</param>
    /// <param name="segmentStart">Where its own tokens begin.</param>
    public void Offer(ReadOnlySpan<int> tokens, int segmentStart, GenerationOptions options)
    {
        var now = Volatile.Read(ref order);
        if (now.Audited.Length > 0 && tokens.Length > segmentStart && segmentStart > 0 && CounterRandom.Uniform(1, draws++) < now.AuditShare)
            answers.Writer.TryWrite(new Answer(tokens.ToArray(), segmentStart, options));
    }

    public async ValueTask DisposeAsync()
    {
        stopping.Cancel();
        await run;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                if (!answers.Reader.TryRead(out var answer))
                    answer = await NextAsync();
                try
                {
                    await CompareAsync(answer, Volatile.Read(ref order).Audited);
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    NotAudited(log, failure);
                    await CloseAsync();
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        finally
        {
            await CloseAsync();
        }
    }

    private async Task<Answer> NextAsync()
    {
        var waiting = answers.Reader.ReadAsync(stopping.Token).AsTask();
        if (opened.Count > 0 && await Task.WhenAny(waiting, Task.Delay(Idle, time, stopping.Token)) != waiting)
            await CloseAsync();
        return await waiting;
    }

    private async Task CompareAsync(Answer answer, ImmutableArray<string> names)
    {
        var expected = await SayAsync(family.Reference, answer);
        foreach (var name in names)
        {
            var said = await SayAsync(family.Find(name), answer);
            var differing = said.Zip(expected).Count(pair => pair.First != pair.Second);
            var before = tallies.GetValueOrDefault(name, new AuditTally(name, 0, 0));
            Volatile.Write(ref tallies, tallies.SetItem(name, new AuditTally(name, before.Tokens + said.Length, before.Differing + differing)));
        }
    }

    /// <summary>What a model says next, at each place of the answer.</summary>
    private async Task<int[]> SayAsync(ServedModel model, Answer answer)
    {
        if (!opened.TryGetValue(model.Name, out var backend))
            opened.Add(model.Name, backend = open(model));
        var said = new int[answer.Tokens.Length - answer.SegmentStart];
        int first = answer.SegmentStart - 1, end = answer.Tokens.Length - 1, size = backend.Kv.BlockSize, blocks = (end + size - 1) / size;
        for (var at = 0; at < end; at += ChunkTokens)
        {
            var count = Math.Min(ChunkTokens, end - at);
            batch.Reset(count, 1, blocks);
            (batch.TokenCount, batch.SequenceCount, batch.QueryStart[1], batch.ContextLengths[0]) = (count, 1, count, at + count);
            for (var block = 0; block < blocks; block++)
                batch.BlockTables[block] = block;
            for (var i = 0; i < count; i++)
            {
                (batch.TokenIds[i], batch.Positions[i], batch.SlotMapping[i]) = (answer.Tokens[at + i], at + i, at + i);
                if (at + i >= first)
                    batch.LogitRows[batch.LogitRowCount++] = i;
            }
            result.Reserve(batch.LogitRowCount, backend.Model.VocabularySize, logits: true);
            await backend.ForwardAsync(batch, result, stopping.Token);
            for (var row = 0; row < batch.LogitRowCount; row++)
            {
                var position = at + batch.LogitRows[row] + 1;
                var options = answer.Options;
                said[position - answer.SegmentStart] = sampler.Sample(
                    result.Logits.AsSpan(row * backend.Model.VocabularySize, backend.Model.VocabularySize),
                    new SamplingStep(options.Temperature, options.TopP, options.TopK, options.Seed, position));
            }
        }
        return said;
    }

    private async Task CloseAsync()
    {
        foreach (var backend in opened.Values)
            await backend.DisposeAsync();
        opened.Clear();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An answer could not be audited.")]
    private static partial void NotAudited(ILogger log, Exception failure);

    private sealed record Answer(int[] Tokens, int SegmentStart, GenerationOptions Options);
}
