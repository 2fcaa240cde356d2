using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>
/// Executes plans on a backend: copies, one forward pass, the choice of tokens, and the measurements the core learns from. In a steady state it
/// allocates nothing.
/// </summary>
internal sealed class Iteration(IModelBackend backend, WorkerCore core, Func<SequenceSlot, ServedSequence> content, ExitGate? exits = null) : IDisposable
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
        StepBuilder.Fill(step, plan, core, content, exits);
        result.Reserve(step.LogitRowCount, backend.Model.VocabularySize, logits: !backend.Limits.SamplesTokens || step.WantsLogits);
        return backend.ForwardAsync(step, result, ct);
    }

    /// <summary>The batch has run: chooses the tokens, and says what those of each sequence mean.</summary>
    /// <param name="spoken">Receives each sequence that got tokens, in the plan's order, and how many.</param>
    public void Commit(IterationPlan plan, List<(ServedSequence Sequence, TokenMeaning Meaning, int Tokens)> spoken)
    {
        if (exits is not null)
            NoteExits(plan, exits);
        ChooseAhead(plan);
        var row = 0;
        foreach (var planned in plan.Batch)
        {
            if (!planned.Samples)
                continue;
            var sequence = content(planned.Sequence);
            var known = sequence.Tokens.Count;
            var meaning = Understand(sequence, planned.Drafts, row);
            row += 1 + planned.Drafts;
            core.Accept(planned.Sequence, sequence.Tokens.Count - known - 1);
            spoken.Add((sequence, meaning, sequence.Tokens.Count - known));
        }

        Commit();
    }

    /// <summary>The batch has run, and nobody is to understand its tokens.</summary>
    public void Commit() => core.Commit(result.Seconds);

    /// <summary>Chooses on several threads what depends on nothing but its row of logits, where there is enough of it.</summary>
    public void ChooseAhead(IterationPlan plan) => chooser.ChooseAhead(result, step, plan, content);

    /// <summary>
    /// The token chosen from a row of logits. Rows are those of the plan's sequences that sample, in order: one each, and one for each guess.
    /// </summary>
    public int Sample(int row, ServedSequence sequence) => chooser.Choose(result, row, step.Sampling[row], sequence);

    public void Dispose() => chooser.Dispose();

    private void NoteExits(IterationPlan plan, ExitGate gate)
    {
        for (var i = 0; i < plan.Batch.Count; i++)
            content(plan.Batch[i].Sequence).Note(result.Deficits[i], step.ContextLengths[i]);
        for (var row = 0; row < step.LogitRowCount; row++)
        {
            if (step.Exits[row].IsOn)
                gate.Observe(result.Exits[row]);
        }
    }

    // A guess counts if it is what was chosen in its place: the row behind it then gives the next token, as a step of its own would have.
    private TokenMeaning Understand(ServedSequence sequence, int drafts, int row)
    {
        var meaning = sequence.Append(Sample(row, sequence));
        for (var guess = 0; guess < drafts && meaning.End is null && sequence.Tokens[^1] == sequence.Drafts[guess]; guess++)
        {
            var next = sequence.Append(Sample(row + guess + 1, sequence));
            meaning = next with { Text = meaning.Text + next.Text };
        }

        return meaning;
    }
}
