using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Models;
using Pharos.Inference.Torch.Batching;
using Pharos.Inference.Torch.KvCache;
using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.Models;

/// <summary>
/// Early exits on a device (<see cref="StepExits"/> has the rules): how sure it is comes to the host at each exit that is asked, for what is left of the
/// step is laid out there. So a step with exits waits for the device once more an exit; others do not.
/// </summary>
internal sealed class EarlyExits(StepExits exits, StepRows rows, StepLayout layout, StepInputs inputs, ResidualStates states, int blockSize)
{
    private const int Verdict = 3; // numbers of a row: the most likely token, its probability, how far the second is behind
    private StepBatch batch = null!;
    private Tensor? answers; // [logit rows, vocabulary] of the step

    /// <summary>Before a step in which exits are asked.</summary>
    public void Begin(StepBatch batch) => (this.batch, answers) = (batch, null);

    /// <summary>Number of the exit below a layer, where it is asked.</summary>
    public int? Below(int layer) => exits.Below(layer);

    /// <summary>Between two layers: what the exit can say, who stops there, and whose deficit joins.</summary>
    /// <param name="layer">The first above the exit.</param>
    /// <param name="residual">[tokens, hidden]</param>
    /// <returns>The same of what goes on; null: nothing does.</returns>
    public Tensor? Ask(int exit, int layer, Tensor residual, Func<Tensor, Tensor> logitsOf)
    {
        Settle(residual, logitsOf, exit);
        exits.Stop(exit);
        rows.Regroup(batch, blockSize, exit, exits.Stops);
        layout.Regroup(batch, rows, exits.Wanted);
        inputs.Send(layout); // for the layers to come: outside of what is disposed here
        using var scope = NewDisposeScope();
        if (inputs.KeptRows is { } kept)
            states.Write(layer, inputs.KeptSlots!, residual.index_select(0, kept));
        if (rows.Count == 0)
            return null;
        var all = inputs.JoinedSlots is { } joined ? cat([residual, states.Read(layer, joined)], 0) : residual;
        return all.index_select(0, inputs.TokenIds).MoveToOuterDisposeScope();
    }

    /// <summary>After the last layer.</summary>
    /// <returns>[logit rows, vocabulary]; null where none is wanted.</returns>
    public Tensor? Answers(Tensor? residual, Func<Tensor, Tensor> logitsOf)
    {
        if (residual is not null)
            Settle(residual, logitsOf, exit: null);
        return answers;
    }

    private void Settle(Tensor residual, Func<Tensor, Tensor> logitsOf, int? exit)
    {
        if (exits.Wanted.IsEmpty)
            return;
        using var scope = NewDisposeScope();
        var logits = logitsOf(residual.index_select(0, inputs.LogitRows)).nan_to_num_(double.NegativeInfinity, double.PositiveInfinity, double.NegativeInfinity);
        answers ??= empty(batch.LogitRowCount, logits.shape[1], dtype: ScalarType.Float32, device: logits.device).MoveToOuterDisposeScope();
        var counting = new List<long>(); // of the wanted, those whose logits are answers
        var targets = new List<long>();
        var verdicts = MemoryMarshal.Cast<byte, double>(Verdicts(logits).to(torch.CPU).bytes);
        for (int i = 0; i < exits.Wanted.Length; i++)
        {
            var of = verdicts.Slice(i * Verdict, Verdict);
            if (!exits.Settle(exits.Wanted[i], new Sureness((int)of[0], (float)of[1], (float)of[2]), exit))
                continue;
            counting.Add(i);
            targets.Add(exits.Wanted[i]);
        }
        if (counting.Count > 0)
            answers.index_copy_(0, tensor(targets.ToArray(), device: logits.device), logits.index_select(0, tensor(counting.ToArray(), device: logits.device)));
    }

    // As Sureness.Of has them; sums in fp64.
    private static Tensor Verdicts(Tensor logits)
    {
        var tokens = logits.argmax(-1, keepdim: true);
        var highest = logits.gather(1, tokens);
        var mass = logits.sub(highest).exp_().sum(-1, keepdim: true, type: ScalarType.Float64);
        var others = logits.scatter(1, tokens, full_like(highest, Scalars.Never));
        var margin = others.amax([-1], keepdim: true).sub_(highest).exp_().neg_().add_(Scalars.One, Scalars.One).div(mass);
        return cat([tokens.to(ScalarType.Float64), mass.reciprocal(), margin], 1);
    }
}
