namespace Pharos.Scheduling.Prediction;

/// <summary>How one segment turned out.</summary>
/// <param name="Tool">The tool called at its end (of several, the slowest); null where the request ended.</param>
internal readonly record struct SegmentLesson(int Tokens, string? Tool, double ToolSeconds, double ReturnTokens);
