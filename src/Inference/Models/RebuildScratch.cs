using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;

namespace Pharos.Inference.Models;

/// <summary>
/// Where keys and values are rebuilt: blocks of one layer, used for one layer after the other, and each thread's room for the projection. The blocks
/// count towards the device's budget.
/// </summary>
internal sealed unsafe class RebuildScratch : IDisposable
{
    private const int RowsOfPart = 48; // of a projection: four register tiles
    private readonly List<NativeBuffer> buffers = [];
    private readonly NativeBuffer table;
    private readonly NativeBuffer[] packed, projected, hidden; // [thread]
    private readonly RowTiles[] tiles; // [thread]

    /// <param name="tokens">Context tokens rebuilt at a time; 0: nothing is.</param>
    public RebuildScratch(ModelArchitecture model, KvLayout cache, int projectedStride, int threads, int tokens)
    {
        int blocks = BlocksFor(tokens, cache.BlockSize);
        Store = new KvStore(cache.OfOneLayer(), blocks, 0);
        Plan = new RebuildPlan(blocks, cache.BlockSize, RowsOfPart);
        table = Add((blocks + 1) / 2 * 2 * sizeof(int));
        for (int block = 0; block < blocks; block++)
            ((int*)table.Pointer)[block] = block;
        int rows = tokens == 0 ? 0 : RowsOfPart;
        packed = PerThread((long)rows * PackedMatrix.Pad(model.HiddenSize));
        projected = PerThread((long)rows * projectedStride);
        hidden = PerThread(rows == 0 ? 0 : PackedMatrix.Pad(model.HiddenSize));
        tiles = [.. Enumerable.Range(0, threads).Select(_ => new RowTiles(Math.Max(1, rows)))];

        NativeBuffer[] PerThread(long floats) => [.. Enumerable.Range(0, threads).Select(_ => Add(floats * sizeof(float)))];
    }

    public KvStore Store { get; }

    public RebuildPlan Plan { get; }

    public static int BlocksFor(int tokens, int blockSize) => (tokens + blockSize - 1) / blockSize;

    public int* TableOf(int sequence) => (int*)table.Pointer + Plan.FirstBlock(sequence);

    public RowTiles Tiles(int thread) => tiles[thread];

    public float* Packed(int thread) => packed[thread].Floats;       // [tile][depth][rows] of RowsOfPart tokens

    public float* Projected(int thread) => projected[thread].Floats; // [RowsOfPart][(heads + 2 kvHeads) * headDim]

    public float* Hidden(int thread) => hidden[thread].Floats;       // [hidden]

    /// <summary>Writes one token's keys and values to its place.</summary>
    public void Write(int sequence, int position, float* keys, float* values) =>
        Store.Write(0, Plan.FirstBlock(sequence) * Store.Layout.BlockSize + position, keys, values);

    private NativeBuffer Add(long bytes)
    {
        var buffer = new NativeBuffer(bytes);
        buffers.Add(buffer);
        return buffer;
    }

    public void Dispose()
    {
        Store.Dispose();
        buffers.ForEach(buffer => buffer.Dispose());
    }
}
