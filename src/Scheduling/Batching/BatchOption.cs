using Pharos.Scheduling.Worker;

namespace Pharos.Scheduling.Batching;

/// <summary>One way to have a candidate in the next iteration.</summary>
/// <param name="Candidate">Its number, from 0; the options of a candidate stand side by side.</param>
/// <param name="Form">What its cache would hold.</param>
/// <param name="Blocks">Device blocks it would take, 1 or more.</param>
/// <param name="Value">Seconds of waiting that it would spare, less what this form costs all others; below or at 0 it is never chosen.</param>
public readonly record struct BatchOption(int Candidate, CacheForm Form, int Blocks, double Value);
