using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>Lays a plan out as the flat arrays that backends take.</summary>
internal static class StepBuilder
{
    public static void Fill(StepBatch step, IterationPlan plan, WorkerCore core, Func<SequenceSlot, ServedSequence> content, ExitGate? exits = null)
    {
        var stride = 1;
        foreach (var planned in plan.Batch)
            stride = Math.Max(stride, core.BlockTable(planned.Sequence).Count);
        step.Reset(plan.Tokens, plan.Batch.Count, stride);
        foreach (var planned in plan.Batch)
        {
            var (slot, start, count, samples) = planned;
            var sequence = content(slot);
            var blocks = core.BlockTable(slot);
            var tokens = CollectionsMarshal.AsSpan(sequence.Tokens);
            var row = step.SequenceCount++;
            var blockSize = slot.TokensPerBlock;
            step.Forms[row] = slot.Form;
            for (var i = 0; i < blocks.Count; i++)
                step.BlockTables[row * stride + i] = blocks[i];
            for (var position = start; position < start + count; position++)
            {
                var at = step.TokenCount++;
                step.TokenIds[at] = position < tokens.Length ? tokens[position] : sequence.Drafts[position - tokens.Length];
                step.Positions[at] = position;
                step.SlotMapping[at] = blocks[position / blockSize] * blockSize + position % blockSize;
            }

            step.ContextLengths[row] = start + count;
            step.Deficits[row] = sequence.DeficitOf(start);
            step.QueryStart[row + 1] = step.TokenCount;
            if (!samples)
                continue;
            var options = sequence.Options;
            for (var back = planned.Drafts; back >= 0; back--)
            {
                step.Sampling[step.LogitRowCount] = new SamplingStep(
                    options.Temperature, options.TopP, options.TopK, options.Seed, start + count - back, GuidedChooser.Guides(sequence));
                step.Exits[step.LogitRowCount] = exits?.RuleFor(sequence, start + count - 1 - back) ?? ExitRule.None;
                step.LogitRows[step.LogitRowCount++] = step.TokenCount - 1 - back;
            }
        }
    }
}
