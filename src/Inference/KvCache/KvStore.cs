using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Pharos.Inference.Kernels;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.KvCache;

/// <summary>The blocks of both tiers in native memory: exactly as many as the budgets hold.</summary>
internal sealed unsafe class KvStore : IDisposable
{
    private readonly NativeBuffer device;
    private readonly NativeBuffer host;

    public KvStore(KvLayout layout, int deviceBlocks, int hostBlocks)
    {
        (Layout, DeviceBlocks, HostBlocks) = (layout, deviceBlocks, hostBlocks);
        device = new NativeBuffer(deviceBlocks * layout.BytesPerBlock);
        host = new NativeBuffer(hostBlocks * layout.BytesPerBlock);
    }

    public KvLayout Layout { get; }

    public int DeviceBlocks { get; }

    public int HostBlocks { get; }

    public byte* Device => device.Pointer;

    /// <summary>Writes one token's keys and values of one layer to its slot.</summary>
    /// <param name="keys">[kvHeads][headDim], rotated.</param>
    /// <param name="values">[kvHeads][headDim]</param>
    public void Write(int layer, int slot, float* keys, float* values)
    {
        int block = slot / Layout.BlockSize, token = slot % Layout.BlockSize, dims = Layout.HeadDim;
        long blockStart = block * Layout.BlockElements;
        for (int head = 0; head < Layout.KvHeads; head++)
        {
            long key = blockStart + Layout.KeyOffset(layer, head) + Layout.KeyOfToken(token);
            long value = blockStart + Layout.ValueOffset(layer, head) + Layout.ValueOfToken(token);
            if (Layout.Type == KvType.F32)
            {
                float* k = (float*)Device + key, v = (float*)Device + value;
                for (int d = 0; d < dims; d++)
                    (k[d * KvLayout.Tile], v[d]) = (keys[d], values[d]);
            }
            else
            {
                ushort* k = (ushort*)Device + key, v = (ushort*)Device + value;
                for (int d = 0; d < dims; d++)
                    (k[d * KvLayout.Tile], v[d]) = (Bf16.Round(keys[d]), Bf16.Round(values[d]));
            }
            keys += dims;
            values += dims;
        }
    }

    /// <summary>Where a token's residual is kept, behind the last layer that there is; [hidden].</summary>
    public float* StateAt(int slot)
    {
        var (block, token) = Math.DivRem(slot, Layout.BlockSize);
        return (float*)(Device + block * Layout.BytesPerBlock + Layout.StatesOffset + token * Layout.StateBytes);
    }

    /// <exception cref="ArgumentOutOfRangeException">A block is not of its tier.</exception>
    public void RequireValid(ReadOnlySpan<BlockCopy> copies)
    {
        foreach (var copy in copies)
        {
            if ((uint)copy.Source >= (uint)BlocksOf(copy.From) || (uint)copy.Target >= (uint)BlocksOf(copy.To))
                throw new ArgumentOutOfRangeException(nameof(copies), copy,
                    $"Blocks are 0..{DeviceBlocks - 1} on the device and 0..{HostBlocks - 1} on the host.");
        }
    }

    /// <summary>Copies keys and values of another store's layers, which are this one's first.</summary>
    /// <param name="from">Its blocks.</param>
    /// <param name="into">Blocks of this store's device.</param>
    public void CopyLayers(KvStore lower, int[] from, int[] into, int count)
    {
        long bytes = lower.Layout.BytesOfLayers(lower.Layout.Layers);
        for (int i = 0; i < count; i++)
            Buffer.MemoryCopy(lower.Device + from[i] * lower.Layout.BytesPerBlock, Device + into[i] * Layout.BytesPerBlock, bytes, bytes);
    }

    public void Copy(BlockCopy copy) => CopyPastCaches(BlockAt(copy.From, copy.Source), BlockAt(copy.To, copy.Target), Layout.BytesPerBlock);

    // Past the caches: they belong to the step that is computed beside the copy, and nobody reads a whole block again at once.
    // Both ends are aligned: a block is a multiple of 64 bytes, being 16 or more tokens of keys and of values.
    private static void CopyPastCaches(byte* from, byte* to, long bytes)
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            Buffer.MemoryCopy(from, to, bytes, bytes);
            return;
        }
        for (byte* end = from + bytes; from < end; from += 64, to += 64)
        {
            Vector256.LoadAligned(from).StoreAlignedNonTemporal(to);
            Vector256.LoadAligned(from + 32).StoreAlignedNonTemporal(to + 32);
        }
        if (Sse.IsSupported)
            Sse.StoreFence(); // such stores are not ordered with those that publish them
    }

    private int BlocksOf(KvTier tier) => tier == KvTier.Device ? DeviceBlocks : HostBlocks;

    private byte* BlockAt(KvTier tier, int block) => (tier == KvTier.Device ? device : host).Pointer + block * Layout.BytesPerBlock;

    public void Dispose()
    {
        device.Dispose();
        host.Dispose();
    }
}
