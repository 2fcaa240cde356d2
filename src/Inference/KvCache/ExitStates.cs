namespace Pharos.Inference.KvCache;

/// <summary>
/// Keeps the residual of a token that ended at an early exit, bit for bit, where its keys and values of the upper layers will be: it needs no memory of its
/// own, and goes wherever its block is copied.
/// </summary>
internal sealed unsafe class ExitStates(KvStore store)
{
    private readonly KvLayout layout = store.Layout;

    /// <summary>The place in the layers above the exit is large enough.</summary>
    public static bool Fits(KvLayout layout, int exitLayer) =>
        (layout.Layers - exitLayer) * 2L * layout.KvHeads * layout.HeadDim * ElementBytes(layout) >= (long)layout.HiddenSize * sizeof(float);

    /// <param name="layer">The first above the exit.</param>
    /// <param name="residual">[hidden]</param>
    public void Write(int layer, int slot, float* residual)
    {
        if (layout.Type == KvType.F32)
            Move(layer, slot, residual, layout.HiddenSize, write: true);
        else
            Move(layer, slot, (ushort*)residual, layout.HiddenSize * 2, write: true);
    }

    /// <summary>Reads what <see cref="Write"/> kept.</summary>
    public void Read(int layer, int slot, float* residual)
    {
        if (layout.Type == KvType.F32)
            Move(layer, slot, residual, layout.HiddenSize, write: false);
        else
            Move(layer, slot, (ushort*)residual, layout.HiddenSize * 2, write: false);
    }

    private void Move<T>(int layer, int slot, T* state, int count, bool write) where T : unmanaged
    {
        var (block, token) = Math.DivRem(slot, layout.BlockSize);
        T* start = (T*)(store.Device + block * layout.BytesPerBlock);
        for (T* end = state + count; state < end; layer++)
        {
            for (int head = 0; head < layout.KvHeads && state < end; head++)
            {
                T* keys = start + layout.KeyOffset(layer, head) + layout.KeyOfToken(token), values = start + layout.ValueOffset(layer, head) + layout.ValueOfToken(token);
                for (int d = 0; d < layout.HeadDim && state < end; d++)
                    Move(state++, keys + d * KvLayout.Tile, write);
                for (int d = 0; d < layout.HeadDim && state < end; d++)
                    Move(state++, values + d, write);
            }
        }
    }

    private static void Move<T>(T* state, T* place, bool write) where T : unmanaged
    {
        if (write)
            *place = *state;
        else
            *state = *place;
    }

    private static int ElementBytes(KvLayout layout) => layout.Type == KvType.F32 ? sizeof(float) : sizeof(ushort);
}
