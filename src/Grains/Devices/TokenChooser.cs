using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains.Devices;

/// <summary>
/// Chooses a sequence's next token from what a step gave: only among those that its grammar allows, biased as the request asks. A pure function of
/// the row and the sequence, whatever else the batch holds.
/// </summary>
internal sealed class TokenChooser(IModelBackend backend)
{
    private readonly int vocabulary = backend.Model.VocabularySize;
    private readonly Sampler sampler = new(backend.Model.VocabularySize);
    private LogProbabilities? logprobs; // most requests want none
    private int[] saidIn = []; // [vocabulary] the choice for which a token was seen in its segment
    private int choices;

    /// <summary>Whether the choice takes more than what a device that samples knows of.</summary>
    public static bool WantsLogits(ServedSequence sequence) =>
        sequence.Grammar is not null || sequence.Options.Controls is not null || sequence.Options.Logprobs is not null;

    /// <param name="row">Of the step's result.</param>
    public int Choose(StepResult result, int row, in SamplingStep step, ServedSequence sequence)
    {
        if (backend.Limits.SamplesTokens && !step.WantsLogits)
            return result.Tokens[row];
        var logits = result.Logits.AsSpan(row * vocabulary, vocabulary);
        if (sequence.Options.Logprobs is not { } told)
            return Choose(logits, step, sequence);
        logprobs ??= new LogProbabilities(vocabulary);
        logprobs.Read(logits);
        int token = Choose(logits, step, sequence);
        sequence.Logprobs.Add(logprobs.Of(token, told));
        return token;
    }

    private int Choose(Span<float> logits, in SamplingStep step, ServedSequence sequence)
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
