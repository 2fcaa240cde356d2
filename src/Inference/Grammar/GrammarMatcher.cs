namespace Pharos.Inference.Grammar;

/// <summary>
/// Where one segment is in its grammar. It is rebuilt by taking the segment's tokens anew, which is how it survives its worker.
/// </summary>
public sealed class GrammarMatcher
{
    private readonly SegmentGrammar grammar;
    private AutomatonState state;

    internal GrammarMatcher(SegmentGrammar grammar, AutomatonState state) => (this.grammar, this.state) = (grammar, state);

    /// <summary>The text may end here.</summary>
    public bool IsWhole => state.MayEnd;

    /// <summary>Something was said that the grammar does not take.</summary>
    public bool IsLost => state.IsDead;

    /// <summary>The lowest token that may follow.</summary>
    public int FirstAllowed => grammar.MaskOf(state).First;

    public bool Allows(int token) => grammar.MaskOf(state).Holds(token);

    /// <summary>Makes every token impossible that may not follow: its logit becomes negative infinity.</summary>
    /// <param name="logits">[vocabulary]</param>
    public void Mask(Span<float> logits) => grammar.MaskOf(state).Apply(logits);

    /// <summary>An independent one at the same place; costs next to nothing.</summary>
    public GrammarMatcher Fork() => new(grammar, state);

    /// <summary>Takes note of a token; one that was not allowed leaves nothing but the end.</summary>
    public void Append(int token) => state = grammar.After(state, token);
}
