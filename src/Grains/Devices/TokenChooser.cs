using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;

namespace Pharos.Grains.Devices;

/// <summary>Chooses a sequence's next token from what a step gave: only among those that its grammar allows.</summary>
internal sealed class TokenChooser(IModelBackend backend)
{
    private readonly int vocabulary = backend.Model.VocabularySize;
    private readonly Sampler sampler = new(backend.Model.VocabularySize);
    private float[] wishes = [];

    /// <param name="row">Of the step's result.</param>
    public int Choose(StepResult result, int row, in SamplingStep step, ServedSequence sequence)
    {
        if (backend.Limits.SamplesTokens && !(step.ByCaller && backend.Limits.LogitsOnRequest))
            return sequence.Grammar is { } bounds && !bounds.Allows(result.Tokens[row]) ? sampler.Sample(Wishes(bounds), step) : result.Tokens[row];
        var logits = result.Logits.AsSpan(row * vocabulary, vocabulary);
        if (sequence.Grammar is not { } grammar)
            return sampler.Sample(logits, step);
        grammar.Mask(logits);
        int token = sampler.Sample(logits, step);
        return grammar.Allows(token) ? token : grammar.FirstAllowed; // where the model finds all that is allowed impossible
    }

    // The device says nothing of the tokens it did not choose: all that are allowed are alike.
    private Span<float> Wishes(Inference.Grammar.GrammarMatcher grammar)
    {
        if (wishes.Length == 0)
            wishes = new float[vocabulary];
        Array.Clear(wishes);
        grammar.Mask(wishes);
        return wishes;
    }
}
