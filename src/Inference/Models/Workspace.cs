using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Models;

/// <summary>Scratch memory of a step, sized once for the largest step. Rows are padded to whole panels; the padding stays zero.</summary>
internal sealed unsafe class Workspace : IDisposable
{
    /// <summary>Rows of logits computed at a time.</summary>
    public const int LogitRows = 64;

    private readonly List<NativeBuffer> buffers = [];
    private readonly NativeBuffer[] scores;
    private readonly NativeBuffer[] queries;
    private readonly NativeBuffer[] pointers;
    private readonly NativeBuffer[] rows;
    private readonly int attentionRows;

    public Workspace(ModelArchitecture model, int tokens, int threads, int attentionRows, int maxContext)
    {
        int attention = model.Heads * model.HeadDim;
        HiddenStride = PackedMatrix.Pad(model.HiddenSize);
        QkvStride = PackedMatrix.Pad(attention + 2 * model.KvHeads * model.HeadDim);
        AttentionStride = attention;
        GateUpStride = 2 * PackedMatrix.Pad(model.IntermediateSize);
        LogitStride = PackedMatrix.Pad(model.VocabularySize);
        ScoreStride = AttentionCall.StrideFor(maxContext);
        int widest = PackedMatrix.Pad(Math.Max(Math.Max(model.HiddenSize, attention), Math.Max(model.IntermediateSize, model.HeadDim)));
        Residual = Floats((long)tokens * HiddenStride);
        Projected = Floats((long)tokens * HiddenStride);
        Packed = Floats((long)tokens * widest);
        Qkv = Floats((long)tokens * QkvStride);
        Attention = Floats((long)tokens * AttentionStride);
        GateUp = Floats((long)tokens * GateUpStride);
        Logits = Floats((long)LogitRows * LogitStride);
        scores = [.. Enumerable.Range(0, threads).Select(_ => Add((long)attentionRows * ScoreStride))];
        queries = [.. Enumerable.Range(0, threads).Select(_ => Add((long)attentionRows * model.HeadDim))];
        pointers = [.. Enumerable.Range(0, threads).Select(_ => Add(2L * (attentionRows + AttentionCall.TilesFor(maxContext))))];
        this.attentionRows = attentionRows;
        rows = [.. Enumerable.Range(0, threads).Select(_ => Add(widest))];
    }

    public int HiddenStride { get; }

    public int QkvStride { get; }

    public int AttentionStride { get; }

    public int GateUpStride { get; }

    public int LogitStride { get; }

    public int ScoreStride { get; }

    public float* Residual { get; private set; }   // [tokens][hidden]
    public float* Projected { get; private set; }  // [tokens][hidden] what the last part adds to the residual
    public float* Packed { get; }     // [tile][depth][rows] left operand of the next multiplication
    public float* Qkv { get; }        // [tokens][(heads + 2 kvHeads) * headDim]
    public float* Attention { get; }  // [tokens][heads * headDim]
    public float* GateUp { get; }     // [tokens][panel][gate 32 | up 32]
    public float* Logits { get; }     // [LogitRows][vocabulary]

    /// <summary>What was built in <see cref="Projected"/> is the residual now.</summary>
    public void Exchange()
    {
        float* built = Projected;
        Projected = Residual;
        Residual = built;
    }

    public float* Scores(int thread) => scores[thread].Floats;

    public float* Queries(int thread) => queries[thread].Floats;

    /// <summary>Room for pointers to the outputs of an attention call.</summary>
    public float** Outputs(int thread) => (float**)pointers[thread].Pointer;

    /// <summary>Room for pointers to the tiles of keys of an attention call.</summary>
    public void** KeyTiles(int thread) => (void**)pointers[thread].Pointer + attentionRows;

    public float* Row(int thread) => rows[thread].Floats;

    private float* Floats(long count) => Add(count).Floats;

    private NativeBuffer Add(long count)
    {
        var buffer = NativeBuffer.OfFloats(count);
        buffers.Add(buffer);
        return buffer;
    }

    public void Dispose() => buffers.ForEach(b => b.Dispose());
}
