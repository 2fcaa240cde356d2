using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Backend;

/// <summary>Checks a step before unsafe code reads by its indices.</summary>
internal static class StepValidation
{
    /// <exception cref="ArgumentException">An index leaves its range, or the arrays contradict each other.</exception>
    public static void RequireValid(StepBatch batch, ModelShape model, KvShape kv, BackendLimits limits)
    {
        Require(batch.TokenCount >= 1 && batch.TokenCount <= limits.MaxTokens,
            $"A step of {batch.TokenCount} tokens; 1 to {limits.MaxTokens} are supported.");
        Require(batch.SequenceCount >= 1 && batch.SequenceCount <= limits.MaxSequences,
            $"A step of {batch.SequenceCount} sequences; 1 to {limits.MaxSequences} are supported.");
        Require(batch.QueryStart[0] == 0 && batch.QueryStart[batch.SequenceCount] == batch.TokenCount, "QueryStart does not cover the tokens of the step.");
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            RequireValidSequence(batch, sequence, model, kv);
            RequireValidDeficit(batch, sequence, limits);
        }
        for (int token = 0; token < batch.TokenCount; token++)
        {
            Require((uint)batch.TokenIds[token] < (uint)model.VocabularySize,
                $"Token id {batch.TokenIds[token]} is not below the vocabulary size {model.VocabularySize}.");
        }
        for (int row = 0; row < batch.LogitRowCount; row++)
        {
            Require((uint)batch.LogitRows[row] < (uint)batch.TokenCount && (row == 0 || batch.LogitRows[row] > batch.LogitRows[row - 1]),
                $"LogitRows[{row}] is {batch.LogitRows[row]}; ascending token indices below {batch.TokenCount} are expected.");
        }
    }

    private static void RequireValidSequence(StepBatch batch, int sequence, ModelShape model, KvShape kv)
    {
        int start = batch.QueryStart[sequence], end = batch.QueryStart[sequence + 1], context = batch.ContextLengths[sequence];
        var form = batch.Forms[sequence];
        Require(form == CacheForm.Kv || kv.CompactForms.Contains(form), $"Sequence {sequence} is kept in the form {form}, which this device does not offer.");
        Require(form == CacheForm.Kv || context <= kv.MaxCompactContext,
            $"Sequence {sequence} has {context} tokens in the form {form}; up to {kv.MaxCompactContext} can be rebuilt.");
        int blockSize = kv.TokensPerBlock(form);
        Require(end > start, $"Sequence {sequence} of the step has no token.");
        Require(context <= model.MaxPositions, $"Sequence {sequence} has {context} tokens; the model supports {model.MaxPositions}.");
        Require(context <= (long)batch.BlockTableStride * blockSize,
            $"Sequence {sequence} has {context} tokens; a block table of {batch.BlockTableStride} blocks does not hold them.");
        for (int token = start; token < end; token++)
        {
            int expected = context - (end - token);
            Require(expected >= 0 && batch.Positions[token] == expected,
                $"Token {token} has position {batch.Positions[token]}; its sequence's context length makes it {expected}.");
            int slot = batch.SlotMapping[token];
            Require(slot >= -1 && slot < (long)kv.DeviceBlocks * blockSize, $"Slot {slot} is none of {kv.DeviceBlocks} blocks of {blockSize} tokens.");
        }
        int blocks = (context + blockSize - 1) / blockSize;
        for (int i = 0; i < blocks; i++)
        {
            int block = batch.BlockTables[sequence * batch.BlockTableStride + i];
            Require((uint)block < (uint)kv.DeviceBlocks, $"Block {block} is none of the device's 0..{kv.DeviceBlocks - 1}.");
        }
    }

    private static void RequireValidDeficit(StepBatch batch, int sequence, BackendLimits limits)
    {
        var deficit = batch.Deficits[sequence];
        if (deficit.Count == 0)
            return;
        int position = batch.Positions[batch.QueryStart[sequence]];
        Require(batch.Forms[sequence] == CacheForm.Kv, $"Sequence {sequence} lacks keys and values of {deficit.Count} tokens in the form {batch.Forms[sequence]}, which has no early exits.");
        Require(deficit.Count <= position % limits.ExitWindow,
            $"Sequence {sequence} lacks keys and values of {deficit.Count} tokens before position {position}; only those of its window of {limits.ExitWindow} can be lacking.");
        for (int i = 0; i < deficit.Count; i++)
            Require(deficit.ExitOf(i) < limits.ExitLayers.Length && (i == 0 || deficit.ExitOf(i) >= deficit.ExitOf(i - 1)), $"Sequence {sequence} lacks keys and values above exits that do not ascend to its past.");
    }

    // Interpolation happens only where the condition fails.
    private static void Require(
        bool condition, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument(nameof(condition))] ref FailureMessage message)
    {
        if (!condition)
            throw new ArgumentException(message.ToString(), "batch");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new ArgumentException(message, "batch");
    }
}
