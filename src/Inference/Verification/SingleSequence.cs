using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;

namespace Pharos.Inference.Verification;

/// <summary>One sequence on a backend of its own, greedy.</summary>
internal sealed class SingleSequence(IModelBackend backend)
{
    private readonly StepBatch batch = new();
    private readonly StepResult result = new();
    private int length;

    /// <summary>Seconds the device worked on the last step.</summary>
    public double Seconds => result.Seconds;

    /// <summary>Of the last token.</summary>
    public ReadOnlySpan<float> Logits => result.Logits.AsSpan(0, backend.Model.VocabularySize);

    public void Forget() => length = 0;

    /// <summary>Appends tokens in one step and returns the most likely next one.</summary>
    public async Task<int> AppendAsync(ReadOnlyMemory<int> tokens, CancellationToken ct)
    {
        int size = backend.Kv.BlockSize, end = length + tokens.Length, blocks = (end + size - 1) / size;
        batch.Reset(tokens.Length, 1, blocks);
        (batch.TokenCount, batch.SequenceCount, batch.LogitRowCount) = (tokens.Length, 1, 1);
        for (int i = 0; i < tokens.Length; i++)
            (batch.TokenIds[i], batch.Positions[i], batch.SlotMapping[i]) = (tokens.Span[i], length + i, length + i);
        for (int block = 0; block < blocks; block++)
            batch.BlockTables[block] = block; // the sequence's blocks are the device's, in order: a slot is its position
        (batch.QueryStart[1], batch.ContextLengths[0], batch.LogitRows[0]) = (tokens.Length, end, tokens.Length - 1);
        await backend.ForwardAsync(batch, result, ct);
        length = end;
        return Sampler.ArgMax(Logits);
    }
}
