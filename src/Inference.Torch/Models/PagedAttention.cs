using Pharos.Inference.Models;
using Pharos.Inference.Torch.Batching;
using Pharos.Inference.Torch.KvCache;
using Pharos.Scheduling.Worker;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>
/// Attention over gathered pages, a call for each group of a step. Query heads that share a head of keys are taken as further queries of it, so that
/// keys and values are never copied for them; only whole prompts spread the keys, because there a kernel without a mask is worth it.
/// </summary>
internal sealed class PagedAttention
{
    private readonly ModelArchitecture model;
    private readonly TorchKvPool pool;
    private readonly HiddenContexts hidden;
    private readonly int group; // query heads that share a head of keys
    private readonly double queryScale; // the fused kernel itself divides by the root of headDim

    public PagedAttention(ModelArchitecture model, TorchKvPool pool, HiddenContexts hidden)
    {
        (this.model, this.pool, this.hidden) = (model, pool, hidden);
        group = model.Heads / model.KvHeads;
        double scale = model.AttentionSoftcap > 0 ? model.QueryScale : model.QueryScale * Math.Sqrt(model.HeadDim);
        queryScale = Math.Abs(scale - 1) < 1e-6 ? 1 : scale;
    }

    /// <summary>[tokens, heads * headDim]</summary>
    /// <param name="queries">[tokens, heads, headDim], rotated.</param>
    public Tensor Attend(StepInputs step, int layer, Tensor queries)
    {
        if (queryScale != 1)
            queries = queries.mul(Scalars.Of(queryScale));
        var outputs = new Tensor[step.Groups.Count];
        for (int i = 0, row = 0; i < outputs.Length; row += step.Groups[i].Rows, i++)
            outputs[i] = Attend(step, layer, i, row, queries);
        return outputs.Length == 1 ? outputs[0] : cat(outputs, 0);
    }

    private Tensor Attend(StepInputs step, int layer, int index, int firstRow, Tensor queries)
    {
        using var scope = NewDisposeScope();
        var shape = step.Groups[index];
        int window = model.LayerSpecs[layer].Window;
        var mine = queries.narrow(0, firstRow, shape.Rows).view(shape.Sequences, shape.Queries, model.KvHeads, group, model.HeadDim);
        var (keys, values) = shape.Form == CacheForm.Hidden ? hidden.Rebuild(step, layer, index) : pool.Gather(layer, step.Table(index), shape.Sequences);
        bool causal = shape.IsWholePrompt && model.AttentionSoftcap == 0 && (window == 0 || window >= shape.Queries);
        var output = causal ? Causal(shape, mine, keys, values) : Masked(shape, mine, keys, values, step.Mask(index, firstRow, window, group));
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>Prompts from their beginning: query i sees tokens 0 to i.</summary>
    private Tensor Causal(AttentionGroup shape, Tensor queries, Tensor keys, Tensor values)
    {
        Tensor Spread(Tensor part) => part.narrow(1, 0, shape.Queries).transpose(1, 2).unsqueeze(2)
            .expand(shape.Sequences, model.KvHeads, group, shape.Queries, model.HeadDim)
            .reshape(shape.Sequences, model.Heads, shape.Queries, model.HeadDim);

        var heads = queries.reshape(shape.Sequences, shape.Queries, model.Heads, model.HeadDim).transpose(1, 2);
        return nn.functional.scaled_dot_product_attention(heads, Spread(keys), Spread(values), is_casual: true)
            .transpose(1, 2).reshape(shape.Rows, model.Heads * model.HeadDim);
    }

    private Tensor Masked(AttentionGroup shape, Tensor queries, Tensor keys, Tensor values, Tensor mask)
    {
        // [sequences, kvHeads, group * queries, headDim] over [sequences, kvHeads, tokens, headDim]
        var folded = queries.permute(0, 2, 3, 1, 4).reshape(shape.Sequences, model.KvHeads, group * shape.Queries, model.HeadDim);
        (keys, values) = (keys.transpose(1, 2), values.transpose(1, 2));
        var output = model.AttentionSoftcap > 0
            ? Capped(folded, keys, values, mask)
            : nn.functional.scaled_dot_product_attention(folded, keys, values, mask);
        return output.reshape(shape.Sequences, model.KvHeads, group, shape.Queries, model.HeadDim)
            .permute(0, 3, 1, 2, 4).reshape(shape.Rows, model.Heads * model.HeadDim);
    }

    /// <summary>Scores pass through a soft cap, which no fused kernel here knows.</summary>
    private Tensor Capped(Tensor queries, Tensor keys, Tensor values, Tensor mask)
    {
        long sequences = queries.shape[0], rows = queries.shape[2], tokens = keys.shape[2];
        var scores = queries.reshape(-1, rows, model.HeadDim).bmm(keys.reshape(-1, tokens, model.HeadDim).transpose(1, 2)).to(ScalarType.Float32);
        var cap = Scalars.Of((double)model.AttentionSoftcap);
        scores = scores.div_(cap).tanh_().mul_(cap).view(sequences, model.KvHeads, rows, tokens).add_(mask, Scalars.One);
        var weights = scores.softmax(-1).to(values.dtype).view(-1, rows, tokens);
        return weights.bmm(values.reshape(-1, tokens, model.HeadDim)).view(sequences, model.KvHeads, rows, model.HeadDim);
    }
}
