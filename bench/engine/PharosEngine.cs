using Pharos.Inference.Backend;

namespace Pharos.Bench.Engine;

/// <summary>Our engine behind its seam, without scheduler and sampling.</summary>
internal sealed class PharosEngine(IModelBackend backend) : IEngine
{
    private readonly StepBatch decode = new();
    private readonly StepBatch prefill = new();
    private readonly StepResult result = new();

    public IModelBackend Backend => backend;

    public void Prepare(int sequences, int depth) => Fill(decode, sequences, 1, depth, Token);

    // The same step again overwrites its own slots: every step of a sample has the same depth.
    public void Decode() => Run(decode);

    public void Rewind()
    {
    }

    public void Prefill(int tokens)
    {
        int chunk = backend.Limits.MaxTokens;
        for (int start = 0; start < tokens; start += chunk)
        {
            Fill(prefill, 1, Math.Min(chunk, tokens - start), start, Token);
            if (start + chunk < tokens)
                prefill.LogitRowCount = 0;
            Run(prefill);
        }
    }

    public float[] Logits(int[] prompt)
    {
        Fill(prefill, 1, prompt.Length, 0, (_, position) => prompt[position]);
        Run(prefill);
        return result.Logits[..backend.Model.VocabularySize];
    }

    public void Dispose() => backend.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private int Token(int sequence, int position) => (position * 31 + sequence * 17) % backend.Model.VocabularySize;

    private void Run(StepBatch batch) => backend.ForwardAsync(batch, result, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>Writes a token to every block of the cache.</summary>
    public void FillCache()
    {
        int blocks = backend.Kv.DeviceBlocks, sequences = Math.Min(blocks, Math.Min(backend.Limits.MaxTokens, backend.Limits.MaxSequences));
        for (int first = 0; first < blocks; first += sequences)
        {
            int start = Math.Min(first, blocks - sequences);
            Fill(decode, sequences, 1, 0, Token, (sequence, _, _) => start + sequence);
            decode.LogitRowCount = 0;
            Run(decode);
        }
    }

    // Blocks lie in no order, as in a cache that has been used for a while: 7919 is a prime that no budget is a multiple of.
    private int Scattered(int sequence, int block, int blocksOfSequence) =>
        (int)((sequence * (long)blocksOfSequence + block) * 7919 % backend.Kv.DeviceBlocks);

    private void Fill(StepBatch batch, int sequences, int queries, int depth, Func<int, int, int> token) =>
        Fill(batch, sequences, queries, depth, token, Scattered);

    private void Fill(StepBatch batch, int sequences, int queries, int depth, Func<int, int, int> token, Func<int, int, int, int> block)
    {
        int size = backend.Kv.BlockSize, context = depth + queries, blocks = (context + size - 1) / size;
        if ((long)sequences * blocks > backend.Kv.DeviceBlocks)
            throw new InvalidOperationException($"{sequences} sequences of {context} tokens do not fit the cache of {backend.Kv.DeviceBlocks} blocks.");
        batch.Reset(sequences * queries, sequences, blocks);
        for (int s = 0; s < sequences; s++)
        {
            for (int i = 0; i < blocks; i++)
                batch.BlockTables[s * blocks + i] = block(s, i, blocks);
            for (int q = 0; q < queries; q++)
            {
                int row = batch.TokenCount++, position = depth + q;
                batch.TokenIds[row] = token(s, position);
                batch.Positions[row] = position;
                batch.SlotMapping[row] = batch.BlockTables[s * blocks + position / size] * size + position % size;
            }
            batch.ContextLengths[s] = context;
            batch.LogitRows[batch.LogitRowCount++] = batch.TokenCount - 1;
            batch.QueryStart[++batch.SequenceCount] = batch.TokenCount;
        }
    }
}
