using Pharos.Scheduling.Models;

namespace Pharos.Inference.Backend;

/// <summary>Whether the token of a row may be taken from an early exit (HELIOS, arXiv 2504.10724).</summary>
/// <param name="Threshold">Confidence from which an exit's choice counts; more than 1: the full model alone.</param>
/// <param name="Use">Whether the full model is asked too, and whose token counts then.</param>
public readonly record struct ExitRule(float Threshold, ExitUse Use = ExitUse.Taken)
{
    /// <summary>The full model alone.</summary>
    public static ExitRule None => new(float.PositiveInfinity);

    public bool IsOn => Threshold <= 1;
}

/// <summary>Where a row's logits came from.</summary>
/// <param name="Depth">Layers they were taken after.</param>
/// <param name="Confidence">Probability of the most likely token there; 0 where the rule was off.</param>
/// <param name="Margin">How far the second is behind.</param>
/// <param name="Agrees">Of a row that an exit was sure of, and the full model was asked for too: whether the full model's most likely token is the same; null: not asked.</param>
public readonly record struct ExitReport(int Depth, float Confidence, float Margin, bool? Agrees);
