using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Models;

// Early exits: after the layers of the list, rows whose rule is on are given logits by the shared norm and head, and what is sure enough counts. A decode
// that is done stops there; its residual waits in its slot, and is run through the upper layers, with others like it and as one chunk, before the first
// token that goes deeper. So what any token attends to is exact, and logits depend on nothing but the tokens before them and their own rule.
internal sealed unsafe partial class Transformer
{
    private readonly ExitStates states;
    private readonly RowTiles logitTiles = new(Workspace.LogitRows);
    private bool hasExits; // in this step
    private bool askExits;
    private bool[] settled = [];   // [logit rows] an exit was sure enough
    private int[] exitChoice = []; // [logit rows] the most likely token there
    private bool[] stops = [];     // [sequences] nothing is left to run
    private int[] wanted = [];     // logit rows to compute now
    private int wantedCount;

    private void BeginExits()
    {
        if (settled.Length < batch.LogitRowCount)
            (settled, exitChoice, wanted) = (new bool[batch.LogitRowCount * 2], new int[batch.LogitRowCount * 2], new int[batch.LogitRowCount * 2]);
        Array.Clear(settled);
        if (stops.Length < batch.SequenceCount)
            stops = new bool[batch.SequenceCount * 2];
        Array.Clear(stops);
        hasExits = limits.ExitLayers.Length > 0 && depth == model.Layers;
        askExits = hasExits && IsExitUsed();
        if (hasExits)
            result.Deficits.AsSpan(0, batch.SequenceCount).Clear();
        Want(isLast: !askExits);
    }

    private bool IsExitUsed()
    {
        for (int row = 0; row < batch.LogitRowCount; row++)
        {
            if (batch.Exits[row].IsOn)
                return true;
        }
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            if (batch.Deficits[sequence].Count > 0)
                return true;
        }
        return false;
    }

    /// <summary>Which rows of logits are wanted at the next exit, or at the end.</summary>
    private void Want(bool isLast)
    {
        wantedCount = 0;
        for (int row = 0; row < batch.LogitRowCount; row++)
        {
            if (isLast ? !settled[row] || batch.Exits[row].Use != ExitUse.Taken : !settled[row] && batch.Exits[row].IsOn)
                wanted[wantedCount++] = row;
        }
    }

    /// <summary>Between two layers: what an exit can say, who stops there, and whose deficit joins.</summary>
    private void Ask(int thread, int exit)
    {
        int layer = limits.ExitLayers[exit];
        var (first, end) = Share(rows.Count, thread);
        for (int row = first; row < end; row++)
        {
            long offset = (long)row * space.HiddenStride;
            kernels.AddNorm(
                space.Residual + offset, Addend(offset, weights.Layers[layer - 1].PostFeedForwardNorm), weights.FinalNorm.Floats, space.Row(thread), model.HiddenSize, model.NormEpsilon);
        }
        team.Barrier();
        ComputeLogits(thread, postNorm: null, exit);
        team.Barrier(); // what is wanted next is not looked at before all are done with what was
        if (thread == 0)
            Regroup(exit);
        team.Barrier();
        for (int i = thread; i < rows.Kept.Count; i += team.Active)
            states.Write(layer, rows.Kept[i].Slot, space.Residual + (long)rows.Kept[i].Row * space.HiddenStride);
        (first, end) = Share(rows.Count, thread);
        for (int row = first; row < end; row++)
        {
            float* target = space.Projected + (long)row * space.HiddenStride;
            if (rows.Sources[row] is >= 0 and var source)
                new ReadOnlySpan<float>(space.Residual + (long)source * space.HiddenStride, space.HiddenStride).CopyTo(new Span<float>(target, space.HiddenStride));
            else
                states.Read(layer, rows.Slots[row], target);
        }
        team.Barrier();
        if (thread == 0)
            space.Exchange();
        team.Barrier();
    }

    private void Regroup(int exit)
    {
        int logitRow = 0;
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            int token = batch.QueryStart[sequence], end = batch.QueryStart[sequence + 1];
            while (logitRow < batch.LogitRowCount && batch.LogitRows[logitRow] < token)
                logitRow++;
            if (stops[sequence] || end - token > 1 || logitRow == batch.LogitRowCount || batch.LogitRows[logitRow] != token || !MayStop(sequence, token, logitRow))
                continue;
            stops[sequence] = true;
            result.Deficits[sequence] = batch.Deficits[sequence].Stopping(exit);
        }
        rows.Regroup(batch, cache.Layout.BlockSize, exit, stops);
        attention.Cut(rows, batch.SequenceCount, scratch.Plan);
        tiles.Cut(rows.Count, kernels.TileRows);
        Want(isLast: exit == limits.ExitLayers.Length - 1);
    }

    // The last token of a window goes on, so that a deficit never leaves its block; compact forms have no place for a residual.
    private bool MayStop(int sequence, int token, int logitRow) =>
        settled[logitRow] && batch.Exits[logitRow].Use == ExitUse.Taken && batch.Forms[sequence] == CacheForm.Kv && batch.SlotMapping[token] >= 0
        && (batch.Positions[token] + 1) % limits.ExitWindow != 0;

    /// <summary>Logits of the wanted rows.</summary>
    /// <param name="postNorm">Of what is still to be added to the residual.</param>
    /// <param name="exit">Number of the exit; null: the end, where something is to be added.</param>
    /// <param name="isSummed">Nothing is to be added any more.</param>
    private void ComputeLogits(int thread, NativeBuffer? postNorm, int? exit = null, bool isSummed = false)
    {
        for (int row = 0; row < wantedCount; row += Workspace.LogitRows)
            ComputeLogits(thread, row, Math.Min(Workspace.LogitRows, wantedCount - row), postNorm, exit, isSummed || exit is not null);
    }

    private void ComputeLogits(int thread, int firstWanted, int count, NativeBuffer? postNorm, int? exit, bool isSummed)
    {
        if (thread == 0)
            logitTiles.Cut(count, kernels.TileRows);
        team.Barrier();
        float* normalised = space.Row(thread);
        var (first, end) = Share(count, thread);
        for (int i = first; i < end; i++)
        {
            long offset = (long)rows.OfLogits(wanted[firstWanted + i]) * space.HiddenStride;
            kernels.AddNorm(
                space.Residual + offset, isSummed ? null : Addend(offset, postNorm), weights.FinalNorm.Floats, normalised, model.HiddenSize, model.NormEpsilon);
            LeftPacking.Pack(weights.Type, normalised, model.HiddenSize, space.Packed, logitTiles, i);
        }
        team.Barrier();
        var (firstPanel, endPanel) = Share(weights.Head.Panels, thread);
        kernels.Multiply(weights.Head, logitTiles, space.Packed, space.Logits, space.LogitStride, firstPanel, endPanel);
        team.Barrier();
        for (int i = first; i < end; i++)
        {
            float* row = space.Logits + (long)i * space.LogitStride;
            if (model.LogitSoftcap > 0)
                kernels.Softcap(row, model.VocabularySize, model.LogitSoftcap);
            Settle(wanted[firstWanted + i], new ReadOnlySpan<float>(row, model.VocabularySize), exit);
        }
        team.Barrier();
    }

    private void Settle(int row, ReadOnlySpan<float> given, int? exit)
    {
        if (hasExits && batch.Exits[row].IsOn)
        {
            var sure = Sureness.Of(given);
            if (settled[row])
            {
                bool agrees = sure.Token == exitChoice[row];
                if (batch.Exits[row].Use == ExitUse.Audited)
                {
                    result.Exits[row] = result.Exits[row] with { Agrees = agrees };
                    return;
                }
                result.Exits[row] = new ExitReport(model.Layers, sure.Confidence, sure.Margin, agrees);
            }
            else
            {
                if (exit is not null && !(sure.Confidence >= batch.Exits[row].Threshold))
                    return;
                (settled[row], exitChoice[row]) = (true, sure.Token);
                result.Exits[row] = new ExitReport(exit is { } number ? limits.ExitLayers[number] : model.Layers, sure.Confidence, sure.Margin, null);
            }
        }
        else if (hasExits)
        {
            result.Exits[row] = new ExitReport(depth, 0, 0, null);
        }
        given.CopyTo(result.Logits.AsSpan(row * model.VocabularySize));
    }
}
