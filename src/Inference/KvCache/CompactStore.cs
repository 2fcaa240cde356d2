using Pharos.Inference.Kernels;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.KvCache;

/// <summary>Writes and reads what blocks of the compact forms hold, in the same memory as blocks of keys and values.</summary>
internal sealed unsafe class CompactStore(KvStore store)
{
    private readonly KvLayout layout = store.Layout;

    /// <summary>Keeps one token's hidden state of a layer.</summary>
    /// <param name="slot">block * tokens a block + offset.</param>
    /// <param name="hidden">[hidden] normalised input of the QKV projection.</param>
    public void WriteHidden(int layer, int slot, float* hidden)
    {
        long element = ElementOf(layer, slot);
        if (layout.Type == KvType.F32)
        {
            new ReadOnlySpan<float>(hidden, layout.HiddenSize).CopyTo(new Span<float>((float*)store.Device + element, layout.HiddenSize));
            return;
        }
        Bf16.Round(new ReadOnlySpan<float>(hidden, layout.HiddenSize), (ushort*)store.Device + element);
    }

    /// <summary>Reads what <see cref="WriteHidden"/> kept.</summary>
    public void ReadHidden(int layer, int slot, float* hidden)
    {
        long element = ElementOf(layer, slot);
        var target = new Span<float>(hidden, layout.HiddenSize);
        if (layout.Type == KvType.F32)
            new ReadOnlySpan<float>((float*)store.Device + element, layout.HiddenSize).CopyTo(target);
        else
            Bf16.Widen((ushort*)store.Device + element, target);
    }

    /// <summary>Keeps one token's keys and values of a layer in 8 bits: the largest of a head's magnitudes becomes 127.</summary>
    /// <param name="keys">[kvHeads][headDim], rotated.</param>
    /// <param name="values">[kvHeads][headDim]</param>
    public void WriteInt8(int layer, int slot, float* keys, float* values)
    {
        for (int head = 0; head < layout.KvHeads; head++, keys += layout.HeadDim, values += layout.HeadDim)
        {
            sbyte* quantised = Quantised(layer, slot, head);
            ushort* scales = Scales(layer, slot, head);
            scales[0] = Quantise(keys, quantised, layout.HeadDim);
            scales[1] = Quantise(values, quantised + layout.HeadDim, layout.HeadDim);
        }
    }

    /// <summary>Reads what <see cref="WriteInt8"/> kept.</summary>
    public void ReadInt8(int layer, int slot, float* keys, float* values)
    {
        for (int head = 0; head < layout.KvHeads; head++)
        {
            sbyte* quantised = Quantised(layer, slot, head);
            ushort* scales = Scales(layer, slot, head);
            float keyScale = Bf16.Widen(scales[0]), valueScale = Bf16.Widen(scales[1]);
            for (int d = 0; d < layout.HeadDim; d++)
            {
                *keys++ = quantised[d] * keyScale;
                *values++ = quantised[layout.HeadDim + d] * valueScale;
            }
        }
    }

    // The scale is rounded before it is used, so that it stands for the same numbers when they are read.
    private static ushort Quantise(float* source, sbyte* target, int count)
    {
        float largest = 0;
        for (int i = 0; i < count; i++)
            largest = MathF.Max(largest, MathF.Abs(source[i]));
        ushort scale = Bf16.Round(largest / sbyte.MaxValue);
        float inverse = Bf16.Widen(scale) is > 0 and var rounded ? 1 / rounded : 0;
        for (int i = 0; i < count; i++)
            target[i] = (sbyte)Math.Clamp(MathF.Round(source[i] * inverse), -sbyte.MaxValue, sbyte.MaxValue);
        return scale;
    }

    private long ElementOf(int layer, int slot)
    {
        var (block, token) = Math.DivRem(slot, layout.BlockSize * CacheForm.Hidden.Density());
        return block * layout.BlockElements + layout.HiddenOffset(layer, token);
    }

    private sbyte* Quantised(int layer, int slot, int head)
    {
        var (block, token) = Math.DivRem(slot, layout.BlockSize * CacheForm.Int8.Density());
        return (sbyte*)(store.Device + block * layout.BytesPerBlock + layout.Int8Offset(layer, token, head));
    }

    private ushort* Scales(int layer, int slot, int head)
    {
        var (block, token) = Math.DivRem(slot, layout.BlockSize * CacheForm.Int8.Density());
        return (ushort*)(store.Device + block * layout.BytesPerBlock + layout.ScaleOffset(layer, token, head));
    }
}
