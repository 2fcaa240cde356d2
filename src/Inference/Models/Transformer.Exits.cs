using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Models;

// Early exits: after the layers of the list, rows whose rule is on are given logits by the shared norm and head, and what is sure enough counts. A decode
// that is done stops there; its residual waits in its slot, and is run through the upper layers, with others like it and as one chunk, before the first
// token that goes deeper. So what any token attends to is exact, and logits depend on nothing but the tokens before them and their own rule.
internal sealed unsafe partial class Transformer
{
    private readonly ExitStates states;
    private readonly RowTiles logitTiles = new(Workspace.LogitRows);
    private readonly StepExits exits;

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
        exits.Stop(exit);
        rows.Regroup(batch, cache.Layout.BlockSize, exit, exits.Stops);
        attention.Cut(rows, batch.SequenceCount, scratch.Plan);
        tiles.Cut(rows.Count, kernels.TileRows);
    }

    /// <summary>Logits of the wanted rows.</summary>
    /// <param name="postNorm">Of what is still to be added to the residual.</param>
    /// <param name="exit">Number of the exit; null: the end, where something is to be added.</param>
    /// <param name="isSummed">Nothing is to be added any more.</param>
    private void ComputeLogits(int thread, NativeBuffer? postNorm, int? exit = null, bool isSummed = false)
    {
        for (int row = 0; row < exits.Wanted.Length; row += Workspace.LogitRows)
            ComputeLogits(thread, row, Math.Min(Workspace.LogitRows, exits.Wanted.Length - row), postNorm, exit, isSummed || exit is not null);
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
            long offset = (long)rows.OfLogits(exits.Wanted[firstWanted + i]) * space.HiddenStride;
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
            Settle(exits.Wanted[firstWanted + i], new ReadOnlySpan<float>(row, model.VocabularySize), exit);
        }
        team.Barrier();
    }

    private void Settle(int row, ReadOnlySpan<float> given, int? exit)
    {
        if (exits.Settle(row, exits.IsJudged(row) ? Sureness.Of(given) : default, exit))
            given.CopyTo(result.Logits.AsSpan(row * model.VocabularySize));
    }
}
