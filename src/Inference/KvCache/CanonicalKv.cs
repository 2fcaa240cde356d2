using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;

namespace Pharos.Inference.KvCache;

/// <summary>Moves tokens between the blocks of a store and <see cref="KvChunk">chunks</see>. A chunk of another type than the store's is widened or rounded.</summary>
internal static unsafe class CanonicalKv
{
    public static byte[] Export(KvStore store, ModelShape model, ReadOnlySpan<int> blocks, KvSpan span)
    {
        var chunk = KvChunk.Create(model, store.Layout.Type, span);
        fixed (byte* data = chunk)
            Transfer(store, blocks, span, store.Layout.Type, data + KvChunk.HeaderBytes, export: true);
        KvChunk.Seal(chunk);
        return chunk;
    }

    /// <summary>Reads a chunk that <see cref="KvChunk.Read"/> has checked.</summary>
    public static void Import(KvStore store, ReadOnlySpan<byte> chunk, ReadOnlySpan<int> blocks, KvType type, KvSpan span)
    {
        fixed (byte* data = chunk)
            Transfer(store, blocks, span, type, data + KvChunk.HeaderBytes, export: false);
    }

    /// <exception cref="ArgumentException">The blocks do not hold these tokens, or are none of the device's.</exception>
    public static void RequireValid(KvShape kv, ReadOnlySpan<int> blocks, KvSpan span)
    {
        if (span.FirstToken < 0 || span.Tokens < 0 || (long)span.FirstToken + span.Tokens > (long)blocks.Length * kv.BlockSize)
            throw new ArgumentException(
                $"{blocks.Length} blocks of {kv.BlockSize} tokens do not hold {span.Tokens} tokens from {span.FirstToken} on.", nameof(span));
        foreach (int block in blocks)
        {
            if ((uint)block >= (uint)kv.DeviceBlocks)
                throw new ArgumentException($"Block {block} is none of the device's 0..{kv.DeviceBlocks - 1}.", nameof(blocks));
        }
    }

    private static void Transfer(KvStore store, ReadOnlySpan<int> blocks, KvSpan span, KvType type, byte* canonical, bool export)
    {
        var layout = store.Layout;
        int headBytes = layout.HeadDim * KvChunk.ElementBytes(type);
        for (int layer = 0; layer < layout.Layers; layer++)
        {
            foreach (bool keys in (ReadOnlySpan<bool>)[true, false])
            {
                for (int token = span.FirstToken; token < span.FirstToken + span.Tokens; token++)
                {
                    int within = token % layout.BlockSize;
                    long block = blocks[token / layout.BlockSize] * layout.BlockElements;
                    for (int head = 0; head < layout.KvHeads; head++, canonical += headBytes)
                    {
                        long start = block + (keys
                            ? layout.KeyOffset(layer, head) + layout.KeyOfToken(within)
                            : layout.ValueOffset(layer, head) + layout.ValueOfToken(within));
                        int step = keys ? KvLayout.Tile : 1;
                        if (type != layout.Type)
                            ConvertHead(store, start, step, canonical, type);
                        else if (type == KvType.F32)
                            MoveHead((float*)store.Device + start, step, (float*)canonical, layout.HeadDim, export);
                        else
                            MoveHead((ushort*)store.Device + start, step, (ushort*)canonical, layout.HeadDim, export);
                    }
                }
            }
        }
    }

    private static void MoveHead<T>(T* stored, int step, T* canonical, int elements, bool export)
        where T : unmanaged
    {
        if (step == 1)
        {
            var (from, to) = export ? ((nint)stored, (nint)canonical) : ((nint)canonical, (nint)stored);
            new ReadOnlySpan<T>((T*)from, elements).CopyTo(new Span<T>((T*)to, elements));
        }
        else if (export)
        {
            for (int d = 0; d < elements; d++, stored += step)
                canonical[d] = *stored;
        }
        else
        {
            for (int d = 0; d < elements; d++, stored += step)
                *stored = canonical[d];
        }
    }

    private static void ConvertHead(KvStore store, long start, int step, byte* canonical, KvType type)
    {
        for (int d = 0; d < store.Layout.HeadDim; d++, start += step)
        {
            if (type == KvType.F32)
                ((ushort*)store.Device)[start] = Bf16.Round(((float*)canonical)[d]);
            else
                ((float*)store.Device)[start] = Bf16.Widen(((ushort*)canonical)[d]);
        }
    }
}
