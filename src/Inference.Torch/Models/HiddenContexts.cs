using Pharos.Inference.Models;
using Pharos.Inference.Torch.Batching;
using Pharos.Inference.Torch.KvCache;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>
/// Keys and values of contexts that are kept as hidden states (Apt-Serve, arXiv 2504.07494): one projection of what the cache holds, turned to its
/// positions, as the tokens' own were in their steps.
/// </summary>
internal sealed class HiddenContexts(ModelArchitecture model, TorchWeights weights, TorchKvPool pool, RotaryAngles rotary, ScalarType compute)
{
    /// <summary>[sequences, tokens, kvHeads, headDim] each; what they make belongs to the caller's dispose scope.</summary>
    public (Tensor Keys, Tensor Values) Rebuild(StepInputs step, int index, int group)
    {
        var layer = weights.Layers[index];
        int sequences = step.Groups[group].Sequences, queries = model.Heads * model.HeadDim, both = 2 * model.KvHeads * model.HeadDim;
        var hidden = pool.GatherHidden(index, step.Table(group), model.HiddenSize);
        long tokens = hidden.shape[0] / sequences;
        var projected = nn.functional.linear(hidden, layer.QueryKeyValue.narrow(0, queries, both), layer.QueryKeyValueBias?.narrow(0, queries, both))
            .view(sequences, tokens, 2 * model.KvHeads, model.HeadDim);
        var keys = projected.narrow(2, 0, model.KvHeads).to(ScalarType.Float32);
        if (layer.HeadNorm is { } norm)
            keys = RootMeanSquare.Scale(keys, norm.narrow(0, model.Heads, model.KvHeads), model.NormEpsilon);
        // Rounded as the cache of keys and values would round them.
        keys = rotary.TurnContext(keys, index).to(compute).to(pool.Type).to(compute);
        return (keys, projected.narrow(2, model.KvHeads, model.KvHeads).to(pool.Type).to(compute));
    }
}
