using Pharos.Inference.Kernels;

namespace Pharos.Inference.KvCache;

/// <summary>
/// The form in which caches travel between backends: [layer][K|V][token][kvHead][headDim] bf16. A bf16 cache makes the round trip
/// unchanged; an fp32 cache is rounded once.
/// </summary>
internal static unsafe class CanonicalKv
{
    public static byte[] Export(KvStore store, ReadOnlySpan<int> blocks, int tokens)
    {
        var bytes = new byte[BytesOf(store.Layout, tokens)];
        fixed (byte* target = bytes)
            Transfer(store, blocks, tokens, (ushort*)target, export: true);
        return bytes;
    }

    public static void Import(KvStore store, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> blocks, int tokens)
    {
        fixed (byte* source = bytes)
            Transfer(store, blocks, tokens, (ushort*)source, export: false);
    }

    /// <exception cref="ArgumentException">The blocks do not hold that many tokens, or are none of the device's.</exception>
    public static void RequireValid(KvStore store, ReadOnlySpan<int> blocks, int tokens)
    {
        if (tokens < 0 || tokens > (long)blocks.Length * store.Layout.BlockSize)
            throw new ArgumentException(
                $"{blocks.Length} blocks of {store.Layout.BlockSize} tokens do not hold {tokens} tokens.", nameof(tokens));
        foreach (int block in blocks)
        {
            if ((uint)block >= (uint)store.DeviceBlocks)
                throw new ArgumentException($"Block {block} is none of the device's 0..{store.DeviceBlocks - 1}.", nameof(blocks));
        }
    }

    /// <exception cref="ArgumentException">The bytes are not of that many tokens.</exception>
    public static void RequireLength(KvLayout layout, int bytes, int tokens)
    {
        long expected = BytesOf(layout, tokens);
        if (bytes != expected)
            throw new ArgumentException(
                $"The exported cache has {bytes} bytes; {expected} are expected for {tokens} tokens of this model.", nameof(bytes));
    }

    private static long BytesOf(KvLayout layout, int tokens) => (long)layout.Layers * 2 * tokens * layout.KvHeads * layout.HeadDim * sizeof(ushort);

    private static void Transfer(KvStore store, ReadOnlySpan<int> blocks, int tokens, ushort* canonical, bool export)
    {
        var layout = store.Layout;
        for (int layer = 0; layer < layout.Layers; layer++)
        {
            foreach (bool keys in (ReadOnlySpan<bool>)[true, false])
            {
                for (int token = 0; token < tokens; token++)
                {
                    int within = token % layout.BlockSize;
                    long block = blocks[token / layout.BlockSize] * layout.BlockElements;
                    for (int head = 0; head < layout.KvHeads; head++, canonical += layout.HeadDim)
                    {
                        long start = block + (keys
                            ? layout.KeyOffset(layer, head) + layout.KeyOfToken(within)
                            : layout.ValueOffset(layer, head) + layout.ValueOfToken(within));
                        TransferHead(store, start, keys ? KvLayout.Tile : 1, canonical, export);
                    }
                }
            }
        }
    }

    private static void TransferHead(KvStore store, long start, int step, ushort* canonical, bool export)
    {
        for (int d = 0; d < store.Layout.HeadDim; d++)
        {
            long at = start + (long)d * step;
            if (store.Layout.Type == KvType.Bf16)
            {
                ushort* element = (ushort*)store.Device + at;
                if (export)
                    canonical[d] = *element;
                else
                    *element = canonical[d];
            }
            else
            {
                float* element = (float*)store.Device + at;
                if (export)
                    canonical[d] = Bf16.Round(*element);
                else
                    *element = Bf16.Widen(canonical[d]);
            }
        }
    }
}
