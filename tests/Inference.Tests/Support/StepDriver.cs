using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Tests.Support;

/// <summary>A sequence as a scheduler would keep it: its blocks, and how many tokens its cache holds.</summary>
internal sealed class TestSequence(params int[] blocks)
{
    public int[] Blocks { get; set; } = blocks;

    public int Length { get; set; }

    public CacheForm Form { get; init; }

    /// <summary>What its cache lacks after the last step.</summary>
    public Deficit Deficit { get; set; }
}

/// <summary>What a sequence contributes to a step.</summary>
/// <param name="AllRows">Logits of every token rather than of the last.</param>
/// <param name="Write">False: slots are -1.</param>
/// <param name="Exit">Of all its rows; null: the full model.</param>
internal sealed record Part(TestSequence Sequence, int[] Tokens, bool AllRows = false, bool Write = true, ExitRule? Exit = null);

/// <summary>Turns parts into steps of a backend.</summary>
internal sealed class StepDriver(IModelBackend backend)
{
    private readonly StepBatch batch = new();
    private readonly StepResult result = new();

    public StepResult Result => result;

    /// <summary>Runs one step and returns the rows of logits.</summary>
    public async Task<float[][]> RunAsync(params Part[] parts)
    {
        Fill(parts);
        await backend.ForwardAsync(batch, result, CancellationToken.None);
        for (int i = 0; i < parts.Length && backend.Limits.ExitLayers.Length > 0; i++)
            parts[i].Sequence.Deficit = result.Deficits[i];
        int width = backend.Model.VocabularySize;
        return [.. Enumerable.Range(0, batch.LogitRowCount).Select(row => result.Logits.AsSpan(row * width, width).ToArray())];
    }

    /// <summary>The sampled token of each row: the device's own, or the most likely one.</summary>
    public async Task<int[]> NextAsync(params Part[] parts)
    {
        var rows = await RunAsync(parts);
        return backend.Limits.SamplesTokens ? result.Tokens[..batch.LogitRowCount] : [.. rows.Select(r => Sampler.ArgMax(r))];
    }

    /// <summary>The last row's logits when a prompt runs in chunks of the given sizes, the last one repeated.</summary>
    public async Task<float[]> PrefillAsync(TestSequence sequence, int[] tokens, params int[] chunks)
    {
        float[] last = [];
        for (int start = 0, step = 0; start < tokens.Length; step++)
        {
            int size = Math.Min(chunks.Length == 0 ? tokens.Length : chunks[Math.Min(step, chunks.Length - 1)], tokens.Length - start);
            var rows = await RunAsync(new Part(sequence, tokens[start..(start + size)]));
            last = rows[^1];
            start += size;
        }
        return last;
    }

    /// <summary>Continues by the most likely (or the device's own) tokens.</summary>
    public async Task<int[]> GenerateAsync(TestSequence sequence, int[] prompt, int count)
    {
        var tokens = new List<int>();
        int[] input = prompt;
        while (tokens.Count < count)
        {
            tokens.Add((await NextAsync(new Part(sequence, input)))[0]);
            input = [tokens[^1]];
        }
        return [.. tokens];
    }

    /// <summary>Logits of every token of a sequence at a depth of the model, past the seam.</summary>
    public static float[][] RunDirectly(CpuBackend backend, TestSequence sequence, int[] tokens, int depth)
    {
        var driver = new StepDriver(backend);
        driver.Fill([new Part(sequence, tokens, AllRows: true)]);
        int width = backend.Model.VocabularySize;
        driver.result.Reserve(tokens.Length, width, logits: true);
        driver.result.ReserveExits(tokens.Length, sequences: 1);
        backend.Transformer.Forward(driver.batch, driver.result, depth);
        return [.. Enumerable.Range(0, tokens.Length).Select(row => driver.result.Logits.AsSpan(row * width, width).ToArray())];
    }

    private void Fill(Part[] parts)
    {
        int stride = parts.Max(p => p.Sequence.Blocks.Length);
        batch.Reset(parts.Sum(p => p.Tokens.Length), parts.Length, stride);
        if (batch.LogitRows.Length < parts.Sum(p => p.Tokens.Length))
            (batch.LogitRows, batch.Sampling) = (new int[parts.Sum(p => p.Tokens.Length)], new SamplingStep[parts.Sum(p => p.Tokens.Length)]);
        foreach (var part in parts)
        {
            var sequence = part.Sequence;
            int size = backend.Kv.TokensPerBlock(sequence.Form);
            batch.Forms[batch.SequenceCount] = sequence.Form;
            batch.Deficits[batch.SequenceCount] = sequence.Deficit;
            for (int i = 0; i < part.Tokens.Length; i++)
            {
                int position = sequence.Length + i, row = batch.TokenCount++;
                batch.TokenIds[row] = part.Tokens[i];
                batch.Positions[row] = position;
                batch.SlotMapping[row] = part.Write ? sequence.Blocks[position / size] * size + position % size : -1;
                if (part.AllRows || i == part.Tokens.Length - 1)
                {
                    batch.Sampling[batch.LogitRowCount] = new SamplingStep(0, 1, 0, 0, position + 1, WantsLogits: true);
                    batch.Exits[batch.LogitRowCount] = part.Exit ?? ExitRule.None;
                    batch.LogitRows[batch.LogitRowCount++] = row;
                }
            }
            sequence.Blocks.CopyTo(batch.BlockTables.AsSpan(batch.SequenceCount * stride));
            sequence.Length += part.Tokens.Length;
            batch.ContextLengths[batch.SequenceCount++] = sequence.Length;
            batch.QueryStart[batch.SequenceCount] = batch.TokenCount;
        }
    }
}
