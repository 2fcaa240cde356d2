using Pharos.Inference.Kernels;
using Pharos.Inference.Models;
using Pharos.Inference.Torch.Batching;
using Pharos.Inference.Torch.KvCache;
using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>
/// The forward pass on a device: what <see cref="Transformer"/> does on the processor, told by the same <see cref="ModelArchitecture"/>. The residual
/// stream, norms and rotations are in fp32, multiplications in the weights' type.
/// </summary>
internal sealed class TorchTransformer : IDisposable
{
    private const int LogitRows = 256; // that are computed at a time: a row of a large vocabulary is half a megabyte
    private readonly ModelArchitecture model;
    private readonly TorchWeights weights;
    private readonly TorchKvPool pool;
    private readonly RotaryAngles rotary;
    private readonly PagedAttention attention;
    private readonly ScalarType compute;

    public TorchTransformer(ModelArchitecture model, TorchWeights weights, TorchKvPool pool, int positions, ScalarType compute, Device device)
    {
        (this.model, this.weights, this.pool, this.compute) = (model, weights, pool, compute);
        rotary = new RotaryAngles(model, positions, device);
        attention = new PagedAttention(model, pool, new HiddenContexts(model, weights, pool, rotary, compute));
    }

    /// <summary>Runs one step through its layers. What it returns belongs to the caller's dispose scope.</summary>
    /// <param name="exits">Asked on the way; null: the step runs through all layers.</param>
    /// <returns>[rows, vocabulary] in fp32 of the rows that are wanted; null where there is none.</returns>
    public Tensor? Forward(StepInputs step, EarlyExits? exits)
    {
        rotary.Prepare(step.Positions);
        var residual = weights.Embedding.index_select(0, step.TokenIds).to(ScalarType.Float32);
        if (model.EmbeddingScale != 1)
            residual.mul_(Scalars.Of((double)model.EmbeddingScale));
        for (int i = 0; i < model.Layers; i++)
        {
            if (exits?.Below(i) is { } exit)
            {
                if (exits.Ask(exit, i, residual, Logits) is not { } left)
                    return exits.Answers(residual: null, Logits);
                residual = left;
                rotary.Prepare(step.Positions);
            }
            using var scope = NewDisposeScope();
            Attend(step, i, residual);
            FeedForward(weights.Layers[i], residual);
        }
        if (exits is not null)
            return exits.Answers(residual, Logits);
        return step.LogitRows.shape[0] == 0 ? null : Logits(residual.index_select(0, step.LogitRows));
    }

    public void Dispose() => rotary.Dispose();

    private void Attend(StepInputs step, int index, Tensor residual)
    {
        var layer = weights.Layers[index];
        long tokens = residual.shape[0];
        var normalised = Normalise(residual, layer.AttentionNorm);
        if (step.HiddenPlaces is { } places)
            pool.WriteHidden(index, places, normalised);
        var all = nn.functional.linear(normalised, layer.QueryKeyValue, layer.QueryKeyValueBias)
            .view(tokens, model.Heads + 2 * model.KvHeads, model.HeadDim);
        // Queries and keys turn alike: one call for both.
        var turning = all.narrow(1, 0, model.Heads + model.KvHeads).to(ScalarType.Float32);
        if (layer.HeadNorm is { } norm)
            turning = Scaled(turning, norm);
        turning = rotary.Turn(turning, index).to(compute);
        pool.Write(index, step.Slots, turning.narrow(1, model.Heads, model.KvHeads), all.narrow(1, model.Heads + model.KvHeads, model.KvHeads));
        var mixed = attention.Attend(step, index, turning.narrow(1, 0, model.Heads));
        Add(residual, nn.functional.linear(mixed, layer.AttentionOutput), layer.PostAttentionNorm);
    }

    private void FeedForward(TorchLayer layer, Tensor residual)
    {
        var both = nn.functional.linear(Normalise(residual, layer.FeedForwardNorm), layer.GateUp);
        var gate = both.narrow(1, 0, model.IntermediateSize);
        var activated = model.Activation == Activation.GeGlu ? gate.gelu(TorchSharp.Modules.GELU.Approximate.tanh) : gate.silu();
        activated.mul_(both.narrow(1, model.IntermediateSize, model.IntermediateSize));
        Add(residual, nn.functional.linear(activated, layer.Down), layer.PostFeedForwardNorm);
    }

    private void Add(Tensor residual, Tensor part, Tensor? postNorm) =>
        residual.add_(postNorm is null ? part : Scaled(part.to(ScalarType.Float32), postNorm), Scalars.One);

    private Tensor Normalise(Tensor residual, Tensor norm) => Scaled(residual, norm).to(compute);

    private Tensor Scaled(Tensor values, Tensor norm) => RootMeanSquare.Scale(values, norm, model.NormEpsilon);

    private Tensor Logits(Tensor rows)
    {
        long count = rows.shape[0];
        if (count <= LogitRows)
            return LogitsOf(rows);
        var logits = empty(count, model.VocabularySize, dtype: ScalarType.Float32, device: rows.device);
        for (long first = 0; first < count; first += LogitRows)
        {
            using var scope = NewDisposeScope();
            long now = Math.Min(LogitRows, count - first);
            logits.narrow(0, first, now).copy_(LogitsOf(rows.narrow(0, first, now)));
        }
        return logits;
    }

    private Tensor LogitsOf(Tensor rows)
    {
        var logits = nn.functional.linear(Normalise(rows, weights.FinalNorm), weights.Head).to(ScalarType.Float32);
        if (model.LogitSoftcap == 0)
            return logits;
        var cap = Scalars.Of((double)model.LogitSoftcap);
        return logits.div_(cap).tanh_().mul_(cap);
    }
}
