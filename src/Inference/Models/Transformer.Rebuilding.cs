using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Models;

// Contexts kept in compact forms: before attention reads them, the layer's keys and values are written to a scratch, by the very kernels that would have
// made them for the cache. So what fp32 keeps of a hidden state gives the same bits.
internal sealed unsafe partial class Transformer
{
    private readonly CompactStore compact;
    private readonly RebuildScratch scratch;
    private int[] nextRebuild; // [layer][round] work taken

    private void Begin(int count)
    {
        if (nextItem.Length < count)
            (nextItem, nextRebuild) = (new int[count], new int[count]);
        Array.Clear(nextItem);
        Array.Clear(nextRebuild);
    }

    private void Rebuild(int thread, int layer, int round)
    {
        var (first, end) = scratch.Plan.Parts(round);
        if (first == end)
            return;
        for (int next; (next = first + Interlocked.Increment(ref nextRebuild[layer * scratch.Plan.Rounds + round]) - 1) < end;)
        {
            var part = scratch.Plan[next];
            if (batch.Forms[part.Sequence] == CacheForm.Hidden)
                Project(thread, layer, part);
            else
                Dequantise(thread, layer, part);
        }
        team.Barrier();
    }

    private void Project(int thread, int index, RebuildPlan.Part part)
    {
        var layer = weights.Layers[index];
        var rows = scratch.Tiles(thread);
        float* hidden = scratch.Hidden(thread), packed = scratch.Packed(thread), projected = scratch.Projected(thread);
        rows.Cut(part.Tokens, kernels.TileRows);
        for (int i = 0; i < part.Tokens; i++)
        {
            compact.ReadHidden(index, SlotOf(part, i), hidden);
            LeftPacking.Pack(weights.Type, hidden, model.HiddenSize, packed, rows, i);
        }
        int queries = model.Heads * model.HeadDim, keyValues = 2 * model.KvHeads * model.HeadDim;
        kernels.Multiply(layer.QueryKeyValue, rows, packed, projected, space.QkvStride, queries / PackedMatrix.PanelWidth, layer.QueryKeyValue.Panels);
        for (int i = 0; i < part.Tokens; i++)
        {
            float* keys = projected + (long)i * space.QkvStride + queries;
            if (layer.QueryKeyValueBias is { } bias)
                Add(keys, bias.Floats + queries, keyValues);
            int position = part.FirstToken + i;
            Turn(thread, keys, model.KvHeads, layer.KeyNorm, rotary[index], position, 1);
            scratch.Write(part.Sequence, position, keys, keys + keyValues / 2);
        }
    }

    private void Dequantise(int thread, int layer, RebuildPlan.Part part)
    {
        float* keys = scratch.Projected(thread), values = keys + model.KvHeads * model.HeadDim;
        for (int i = 0; i < part.Tokens; i++)
        {
            compact.ReadInt8(layer, SlotOf(part, i), keys, values);
            scratch.Write(part.Sequence, part.FirstToken + i, keys, values);
        }
    }

    private int SlotOf(RebuildPlan.Part part, int token)
    {
        int size = cache.Layout.BlockSize * batch.Forms[part.Sequence].Density();
        var (block, offset) = Math.DivRem(part.FirstToken + token, size);
        return batch.BlockTables[part.Sequence * batch.BlockTableStride + block] * size + offset;
    }
}
