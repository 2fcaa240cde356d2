using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>
/// Executes plans on a backend: copies, one forward pass, the choice of tokens, and the measurements the core learns from. In a steady state it
/// allocates nothing.
/// </summary>
internal sealed class Iteration(IModelBackend backend, WorkerCore core, Func<SequenceSlot, ServedSequence> content)
{
    private readonly StepBatch step = new();
    private readonly StepResult result = new();
    private readonly TokenChooser chooser = new(backend);
    private BlockTransfers transfers;

    /// <summary>Hands over the plan's block copies; steps that need them wait for them.</summary>
    public void Copy(IterationPlan plan)
    {
        if (plan.Copies.Count > 0)
            backend.CopyBlocks(CollectionsMarshal.AsSpan(plan.Copies));
        var now = backend.Transfers;
        core.Fit.ObserveSwap((int)(now.Blocks - transfers.Blocks) * backend.Kv.BlockSize, now.Seconds - transfers.Seconds);
        transfers = now;
    }

    /// <summary>Runs the plan's batch, which is not empty.</summary>
    public ValueTask ForwardAsync(IterationPlan plan, CancellationToken ct)
    {
        StepBuilder.Fill(step, plan, core, backend.Kv.BlockSize, content);
        result.Reserve(step.LogitRowCount, backend.Model.VocabularySize, logits: !backend.Limits.SamplesTokens);
        return backend.ForwardAsync(step, result, ct);
    }

    /// <summary>Takes note that the batch has run.</summary>
    public void Commit() => core.Commit(result.Seconds);

    /// <summary>The token chosen from a row of logits; rows are those of the plan's sequences that sample, in order.</summary>
    public int Sample(int row, ServedSequence sequence) => chooser.Choose(result, row, step.Sampling[row], sequence);
}
