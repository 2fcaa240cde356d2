using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Batching;

/// <summary>
/// Steps that write nothing and want the most memory: run once at start, they make the allocator take its memory then, and show what does not fit then, not
/// under load.
/// </summary>
internal static class LargestSteps
{
    /// <summary>The largest prompt, the most decodes, as many long contexts as one call gathers, and the longest context of each compact form.</summary>
    /// <param name="positions">Longest context in tokens, in the form of keys and values.</param>
    /// <param name="mostBlocks">Blocks that one attention call gathers.</param>
    public static IEnumerable<StepBatch> Of(BackendLimits limits, KvShape kv, int positions, long mostBlocks)
    {
        int longest = Math.Min(limits.MaxTokens, positions), most = Math.Min(limits.MaxTokens, limits.MaxSequences);
        yield return Step(kv, 1, longest, longest, CacheForm.Kv);
        yield return Step(kv, most, 1, 1, CacheForm.Kv);
        yield return Step(kv, (int)Math.Clamp(mostBlocks / ((positions + kv.BlockSize - 1) / kv.BlockSize), 1, most), 1, positions, CacheForm.Kv);
        foreach (var form in kv.CompactForms)
            yield return Step(kv, 1, 1, (int)Math.Min(kv.MaxCompactContext, (long)kv.DeviceBlocks * kv.TokensPerBlock(form)), form);
    }

    private static StepBatch Step(KvShape kv, int sequences, int queries, int context, CacheForm form)
    {
        var batch = new StepBatch();
        int size = kv.TokensPerBlock(form), blocks = (context + size - 1) / size;
        batch.Reset(sequences * queries, sequences, blocks);
        for (int i = 0; i < sequences * queries; i++)
            (batch.TokenIds[i], batch.Positions[i], batch.SlotMapping[i]) = (0, context - queries + i % queries, -1);
        batch.BlockTables.AsSpan(0, sequences * blocks).Clear();
        batch.Forms.AsSpan(0, sequences).Fill(form);
        for (int s = 0; s < sequences; s++)
            (batch.QueryStart[s + 1], batch.ContextLengths[s], batch.LogitRows[s], batch.Sampling[s]) = ((s + 1) * queries, context, (s + 1) * queries - 1, default);
        (batch.TokenCount, batch.SequenceCount, batch.LogitRowCount) = (sequences * queries, sequences, sequences);
        return batch;
    }
}
