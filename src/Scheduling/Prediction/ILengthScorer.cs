using System.Collections.Immutable;

namespace Pharos.Scheduling.Prediction;

/// <summary>
/// Says of a coming segment how long it seems, by one number: larger for longer. The number need not be calibrated: the predictor learns
/// from what came of segments with like numbers what each means. So whatever knows more of a prompt than its words, such as a probe of the
/// engine's own layers (TRAIL, arXiv 2410.01035), is a scorer.
/// </summary>
public interface ILengthScorer
{
    /// <summary>Natural logarithm of the tokens expected, or any other number that grows with them.</summary>
    double Score(in SegmentContext segment);

    /// <summary>What came of it. Called after <see cref="Score"/> for the same segment.</summary>
    void Learn(in SegmentContext segment, int tokens);
}

/// <summary>What is known of a segment before it begins.</summary>
/// <param name="Offer">Names the tools on offer.</param>
/// <param name="Turn">Segments before it.</param>
/// <param name="PromptTokens">Context when it begins.</param>
/// <param name="Words">Hashes of the prompt's word sequences, see <see cref="PromptFeatures.Words"/>; empty where nobody read it.</param>
/// <param name="LastTokens">Tokens of the segment before it; 0 for the first.</param>
/// <param name="LastTool">The tool it comes back from; null for the first.</param>
public readonly record struct SegmentContext(
    ulong Offer, int Turn, int PromptTokens, ImmutableArray<uint> Words, int LastTokens, string? LastTool);
