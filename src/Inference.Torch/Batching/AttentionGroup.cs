using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.Batching;

/// <summary>Sequences of one step that attend in one call: with as many queries each, over contexts of nearly the same length.</summary>
/// <param name="First">Index of the first in the order of <see cref="AttentionGroups.Order"/>.</param>
/// <param name="Sequences">How many.</param>
/// <param name="Queries">Tokens each brings.</param>
/// <param name="Blocks">Blocks of the longest context, counted as those of keys and values; the others are padded to it.</param>
/// <param name="IsWholePrompt">Every context is the step's own tokens and no more, so that an ordinary causal mask does.</param>
/// <param name="Form">What their blocks hold.</param>
internal readonly record struct AttentionGroup(int First, int Sequences, int Queries, int Blocks, bool IsWholePrompt, CacheForm Form)
{
    public int Rows => Sequences * Queries;

    /// <summary>What is gathered and looked at, in blocks times queries.</summary>
    public long Area => (long)Rows * Blocks;
}
