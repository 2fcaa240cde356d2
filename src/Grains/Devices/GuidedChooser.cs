using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Devices;

/// <summary>
/// Chooses where more than the logits has a say: a grammar allows some tokens alone, biases and penalties bend the model's wishes, log probabilities are
/// told. A pure function of the row and the sequence, whatever else the batch holds.
/// </summary>
internal sealed class GuidedChooser(int vocabulary, Sampler sampler)
{
    private LogProbabilities? logprobs; // most requests want none
    private int[] saidIn = []; // [vocabulary] the choice for which a token was seen in its segment
    private int choices;

    /// <summary>Whether the sequence's tokens are chosen here; its rows' logits are wanted then, whatever the device.</summary>
    public static bool Guides(ServedSequence sequence) =>
        sequence.Grammar is not null || sequence.Options.Controls is not null || sequence.Options.Logprobs is not null;

    /// <param name="logits">[vocabulary], changed.</param>
    public int Choose(Span<float> logits, in SamplingStep step, ServedSequence sequence)
    {
        if (sequence.Options.Logprobs is not { } told)
            return Sample(logits, step, sequence);
        logprobs ??= new LogProbabilities(vocabulary);
        logprobs.Read(logits);
        int token = Sample(logits, step, sequence);
        sequence.Logprobs.Add(logprobs.Of(token, told));
        return token;
    }

    private int Sample(Span<float> logits, in SamplingStep step, ServedSequence sequence)
    {
        if (sequence.Options.Controls is { } controls)
            Apply(controls, logits, sequence);
        if (sequence.Grammar is not { } grammar)
            return sampler.Sample(logits, step);
        grammar.Mask(logits);
        int token = sampler.Sample(logits, step);
        return grammar.Allows(token) ? token : grammar.FirstAllowed; // where the model finds all that is allowed impossible
    }

    private void Apply(TokenControls controls, Span<float> logits, ServedSequence sequence)
    {
        Sampler.ApplyBias(logits, controls.Biases.AsSpan());
        if (controls is { PresencePenalty: 0, FrequencyPenalty: 0 })
            return;
        if (saidIn.Length == 0)
            saidIn = new int[vocabulary];
        choices++;
        foreach (int token in CollectionsMarshal.AsSpan(sequence.Tokens)[sequence.Slot.SegmentStart..])
        {
            logits[token] -= controls.FrequencyPenalty;
            if (saidIn[token] != choices)
                logits[token] -= controls.PresencePenalty;
            saidIn[token] = choices;
        }
    }
}
