using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;
using Pharos.Inference.Torch.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Pharos.Inference.Torch.KvCache;

/// <summary>
/// The device tier: one preallocated tensor [layers, K|V, blocks + 1, blockSize, kvHeads * headDim]. The last block is for trash: tokens that write
/// nothing write there, and short block tables are padded with it. Exported caches are rows of it, already in canonical order.
/// </summary>
internal sealed class TorchKvPool : IDisposable
{
    private readonly Tensor slots;       // [layers * 2, (blocks + 1) * blockSize, width] of the same memory
    private readonly Tensor[] writable;  // [layer * 2 + K|V] [(blocks + 1) * blockSize, width]
    private readonly Tensor[] gathered;  // [layer * 2 + K|V] [blocks + 1, blockSize * width]
    private readonly Tensor[] layers;    // [layer] [2 * (blocks + 1), blockSize * width]: its keys' blocks, then its values'
    private readonly ModelShape model;
    private readonly KvShape shape;
    private readonly ScalarType compute;
    private readonly Device device;

    /// <summary>Takes the memory, filled with zeros. Called within inference mode, on the thread that runs the steps.</summary>
    /// <param name="compute">Of what attention gets.</param>
    public TorchKvPool(ModelShape model, KvShape shape, ScalarType type, ScalarType compute, Device device)
    {
        (this.model, this.shape, this.compute, this.device, Type) = (model, shape, compute, device, type);
        Width = model.KvHeads * model.HeadDim;
        long blocks = shape.DeviceBlocks + 1, parts = 2L * model.Layers;
        Memory = zeros([parts, blocks, shape.BlockSize * Width], dtype: type, device: device);
        slots = Memory.view(parts, blocks * shape.BlockSize, Width);
        writable = [.. Enumerable.Range(0, (int)parts).Select(i => slots.select(0, i))];
        gathered = [.. Enumerable.Range(0, (int)parts).Select(i => Memory.select(0, i))];
        layers = [.. Enumerable.Range(0, model.Layers).Select(i => Memory.narrow(0, 2 * i, 2).view(2 * blocks, shape.BlockSize * Width))];
    }

    public ScalarType Type { get; }

    /// <summary>Elements of a token's keys, or values, of one layer.</summary>
    public int Width { get; }

    /// <summary>[layers * K|V, blocks + 1, blockSize * width]</summary>
    public Tensor Memory { get; }

    /// <summary>Of its first element on the device.</summary>
    public nint Address => Memory.Address();

    /// <summary>Writes keys and values of a step's tokens.</summary>
    /// <param name="slotsOfTokens">[tokens]</param>
    /// <param name="keys">[tokens, kvHeads, headDim], rotated; values likewise.</param>
    public void Write(int layer, Tensor slotsOfTokens, Tensor keys, Tensor values)
    {
        long tokens = keys.shape[0];
        writable[2 * layer].index_copy_(0, slotsOfTokens, keys.reshape(tokens, Width).to(Type));
        writable[2 * layer + 1].index_copy_(0, slotsOfTokens, values.reshape(tokens, Width).to(Type));
    }

    /// <summary>Keys and values of whole contexts, [sequences, tokens, kvHeads, headDim] each.</summary>
    /// <param name="table">[sequences * blocks] block ids.</param>
    public (Tensor Keys, Tensor Values) Gather(int layer, Tensor table, int sequences)
    {
        long tokens = table.shape[0] / sequences * shape.BlockSize;
        Tensor Part(Tensor blocks) => blocks.index_select(0, table).view(sequences, tokens, model.KvHeads, model.HeadDim).to(compute);
        return (Part(gathered[2 * layer]), Part(gathered[2 * layer + 1]));
    }

    /// <summary>Keeps hidden states of a step's tokens: twice as many in a block as keys and values.</summary>
    /// <param name="places">[tokens] page * blockSize + offset; pages are the blocks of the layer's keys, then those of its values.</param>
    /// <param name="states">[tokens, hidden]</param>
    public void WriteHidden(int layer, Tensor places, Tensor states) =>
        layers[layer].view(-1, Width).narrow(1, 0, states.shape[1]).index_copy_(0, places, states.to(Type));

    /// <summary>Hidden states of whole contexts, [pages * blockSize, hidden].</summary>
    /// <param name="pages">As <see cref="WriteHidden"/> counts them.</param>
    public Tensor GatherHidden(int layer, Tensor pages, int hidden) =>
        layers[layer].index_select(0, pages).view(-1, Width).narrow(1, 0, hidden).to(compute);

    /// <summary>[parts, slots, width] of the memory from a layer's keys on.</summary>
    public Tensor Parts(int layer, long count) => slots.narrow(0, 2 * layer, count);

    /// <summary>Copies a whole block within the device.</summary>
    public void Copy(int source, int target)
    {
        using var scope = NewDisposeScope();
        Memory.select(1, target).copy_(Memory.select(1, source));
    }

    /// <summary>Writes tokens of a sequence as a chunk.</summary>
    public byte[] Export(ReadOnlySpan<int> blocks, KvSpan span, KvType type)
    {
        using var scope = NewDisposeScope();
        var chunk = KvChunk.Create(model, type, span);
        if (span.Tokens > 0)
        {
            var onHost = slots.index_select(1, Slots(blocks, span)).to(TypeOf(type)).to(torch.CPU);
            onHost.bytes.CopyTo(chunk.AsSpan(KvChunk.HeaderBytes));
        }
        KvChunk.Seal(chunk);
        return chunk;
    }

    /// <summary>Reads a chunk that <see cref="KvChunk.Read"/> has checked; one of another type than the pool's is widened or rounded.</summary>
    public void Import(ReadOnlySpan<byte> chunk, ReadOnlySpan<int> blocks, KvType type, KvSpan span)
    {
        if (span.Tokens == 0)
            return;
        using var scope = NewDisposeScope();
        var onHost = empty([2L * model.Layers, span.Tokens, Width], dtype: TypeOf(type));
        chunk[KvChunk.HeaderBytes..].CopyTo(onHost.bytes);
        slots.index_copy_(1, Slots(blocks, span), onHost.to(device).to(Type));
    }

    public void Dispose()
    {
        foreach (var view in writable.Concat(gathered).Concat(layers))
            view.Dispose();
        slots.Dispose();
        Memory.Dispose();
    }

    private Tensor Slots(ReadOnlySpan<int> blocks, KvSpan span)
    {
        var positions = new long[span.Tokens];
        for (int i = 0; i < positions.Length; i++)
        {
            int position = span.FirstToken + i;
            positions[i] = (long)blocks[position / shape.BlockSize] * shape.BlockSize + position % shape.BlockSize;
        }
        return tensor(positions, dtype: ScalarType.Int64).to(device);
    }

    private static ScalarType TypeOf(KvType type) => type == KvType.F32 ? ScalarType.Float32 : ScalarType.BFloat16;
}
