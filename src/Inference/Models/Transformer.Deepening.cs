using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Models;

// A model of which only the first layers are loaded keeps the residual of each token behind them. When more are loaded, the upper ones go on from there: what
// they add to the cache has the bits that it would have had from the beginning.
internal sealed unsafe partial class Transformer
{
    private KvStoreView? below; // of a step that goes on from residuals

    /// <summary>The lower layers' cache, and where the step's sequence lies in it.</summary>
    /// <param name="Blocks">Its table there.</param>
    internal sealed record KvStoreView(KvStore Store, int[] Blocks)
    {
        public int Layers => Store.Layout.Layers;
    }

    /// <summary>Runs the layers above those of another cache over the residuals that it keeps; gives no logits.</summary>
    public void Deepen(StepBatch batch, StepResult result, KvStoreView from)
    {
        below = from;
        try
        {
            Forward(batch, result, model.Layers);
        }
        finally
        {
            below = null;
        }
    }

    private void ReadState(int row)
    {
        var (block, token) = Math.DivRem(rows.Positions[row], below!.Store.Layout.BlockSize);
        float* state = below.Store.StateAt(below.Blocks[block] * below.Store.Layout.BlockSize + token);
        new ReadOnlySpan<float>(state, model.HiddenSize).CopyTo(new Span<float>(space.Residual + (long)row * space.HiddenStride, model.HiddenSize));
    }

    private void KeepStates(int thread)
    {
        var (first, end) = Share(rows.Count, thread);
        for (int row = first; row < end; row++)
        {
            long offset = (long)row * space.HiddenStride;
            kernels.AddNorm(
                space.Residual + offset, Addend(offset, weights.Layers[depth - 1].PostFeedForwardNorm), weights.FinalNorm.Floats, space.Row(thread), model.HiddenSize, model.NormEpsilon);
            if (rows.Slots[row] >= 0)
                new ReadOnlySpan<float>(space.Residual + offset, model.HiddenSize).CopyTo(new Span<float>(cache.StateAt(rows.Slots[row]), model.HiddenSize));
        }
        team.Barrier();
        ComputeLogits(thread, postNorm: null, isSummed: true);
    }
}
