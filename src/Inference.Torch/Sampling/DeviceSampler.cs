using Pharos.Inference.Sampling;
using Pharos.Inference.Torch.Batching;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Sampling;

/// <summary>
/// Chooses tokens on the device by the rules of <see cref="Sampler"/>. As there, weights are whole numbers whose sums are exact in fp64,
/// so that a choice does not depend on the order in which a device adds them. Its exponential may differ from the host's in the last bit of a float: a
/// draw that close to the border between two tokens, about one in ten million, can fall on the other side.
/// </summary>
internal sealed class DeviceSampler(Device device) : IDisposable
{
    private const int RowsAtOnce = 32;  // fp64 over a large vocabulary is a megabyte a row, and there are a few of them
    private readonly StagingBuffer<long> rowStaging = new(device, ScalarType.Int64);
    private readonly StagingBuffer<double> valueStaging = new(device, ScalarType.Float64);

    /// <summary>What it makes belongs to the caller's dispose scope.</summary>
    /// <param name="logits">[rows, vocabulary] in fp32; NaN is replaced by minus infinity.</param>
    /// <returns>[rows] the tokens, and the logits of rows that the caller samples, [such rows, vocabulary].</returns>
    public (Tensor Tokens, Tensor? ForCaller) Choose(Tensor logits, SamplingPlan plan)
    {
        logits.nan_to_num_(double.NegativeInfinity, double.PositiveInfinity, double.NegativeInfinity);
        var tokens = logits.argmax(-1);
        if (plan.Rows.IsEmpty)
            return (tokens, null);
        var rows = rowStaging.Send(plan.Rows);
        int drawn = plan.Whole + plan.Cut;
        if (drawn > 0)
        {
            var values = valueStaging.Send(plan.Values).view(drawn, SamplingPlan.Settings);
            Draw(logits, tokens, rows, values, 0, plan.Whole, cut: false);
            Draw(logits, tokens, rows, values, plan.Whole, plan.Cut, cut: true);
        }
        int callers = plan.ByCaller.Count;
        return (tokens, callers == 0 ? null : callers == logits.shape[0] ? logits : logits.index_select(0, rows.narrow(0, drawn, callers)));
    }

    public void Dispose()
    {
        rowStaging.Dispose();
        valueStaging.Dispose();
    }

    private static void Draw(Tensor logits, Tensor tokens, Tensor allRows, Tensor allValues, int first, int count, bool cut)
    {
        for (int end = first + count; first < end; first += RowsAtOnce)
        {
            using var scope = NewDisposeScope();
            int now = Math.Min(RowsAtOnce, end - first);
            var rows = allRows.narrow(0, first, now);
            var values = allValues.narrow(0, first, now);
            var mine = logits.index_select(0, rows);
            var best = tokens.index_select(0, rows);
            var chosen = cut ? DrawCut(mine, values) : DrawWhole(mine, values);
            // Where nothing is possible there is nothing to draw; a count of all tokens would be none.
            tokens.index_copy_(0, rows, chosen.where(mine.amax([-1]).isfinite(), best));
        }
    }

    private static Tensor Column(Tensor values, int column) => values.narrow(1, column, 1);

    /// <summary>In the order of ids, the first token at which the weights exceed the draw.</summary>
    private static Tensor DrawWhole(Tensor logits, Tensor values)
    {
        var reached = Weights(logits, values).to(ScalarType.Float64).cumsum(-1);
        return reached.le(Target(reached.narrow(1, logits.shape[1] - 1, 1), values)).sum(-1, type: ScalarType.Int64);
    }

    /// <summary>The same in the order of likelihood, among as many tokens as TopK and TopP leave; equal weights rank by id.</summary>
    private static Tensor DrawCut(Tensor logits, Tensor values)
    {
        long vocabulary = logits.shape[1];
        var (ranked, ids) = Weights(logits, values).sort(-1, descending: true, stable: true);
        var ranks = arange(Scalars.Zero, Scalars.Of(vocabulary), Scalars.One, dtype: ScalarType.Float64, device: logits.device).unsqueeze(0);
        var reached = ranked.to(ScalarType.Float64).masked_fill_(ranks.ge(Column(values, 3)), Scalars.Zero).cumsum(-1);
        var mass = reached.narrow(1, vocabulary - 1, 1);
        var last = reached.lt(mass.mul(Column(values, 2))).sum(-1, keepdim: true, type: ScalarType.Int64).clamp_(Scalars.Zero, Scalars.Of(vocabulary - 1));
        var at = reached.le(Target(reached.gather(1, last), values)).sum(-1, keepdim: true, type: ScalarType.Int64);
        return ids.gather(1, at.minimum(last)).squeeze(1); // an index past the end would end the device's context
    }

    // A share of a whole number stays below it even where rounding would take it there.
    private static Tensor Target(Tensor whole, Tensor values) => whole.mul(Column(values, 1)).minimum(whole.sub(Scalars.Half));

    /// <summary>2 to the power of the scaled distance from the highest, in whole units.</summary>
    private static Tensor Weights(Tensor logits, Tensor values)
    {
        int bits = TokenWeights.BitsOf((int)logits.shape[1]);
        var distances = logits.sub(logits.amax([-1], keepdim: true)).mul_(Column(values, 0).to(ScalarType.Float32));
        var counts = distances.ge(Scalars.Of((long)-bits));
        return distances.to(ScalarType.Float64).exp2().to(ScalarType.Float32).mul_(Scalars.Of(Math.Pow(2, bits))).trunc_().masked_fill_(counts.logical_not(), Scalars.Zero);
    }
}
