using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.KvCache;

/// <summary>How keys and values are kept.</summary>
public enum KvType
{
    /// <summary>4 bytes an element.</summary>
    F32,

    /// <summary>2 bytes an element.</summary>
    Bf16,
}

/// <summary>
/// Where an element lies within a block. A block holds all layers, so that copying it is one copy:
/// [layer][K|V][kvHead][...], keys as [16-token tile][headDim][16], values as [token][headDim].
/// </summary>
internal sealed class KvLayout
{
    /// <summary>Tokens of a tile of keys: the scores of one 512-bit vector.</summary>
    public const int Tile = 16;

    private readonly long layerElements;
    private readonly long scaleBytes; // of one layer

    /// <param name="int8">Blocks have room for the scales of keys and values in 8 bits.</param>
    /// <param name="states">Blocks have room for their tokens' residuals, too, behind all layers.</param>
    public KvLayout(ModelShape model, int blockSize, KvType type, bool int8 = false, bool states = false)
        : this(model.Layers, model.KvHeads, model.HeadDim, model.HiddenSize, blockSize, type, int8, states)
    {
    }

    private KvLayout(int layers, int kvHeads, int headDim, int hiddenSize, int blockSize, KvType type, bool int8, bool states)
    {
        if (blockSize < Tile || blockSize % Tile != 0)
            throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, $"A KV block holds a multiple of {Tile} tokens.");
        (Layers, KvHeads, HeadDim, HiddenSize, BlockSize, Type) = (layers, kvHeads, headDim, hiddenSize, blockSize, type);
        int elementBytes = type == KvType.F32 ? sizeof(float) : sizeof(ushort);
        HeadElements = (long)blockSize * HeadDim;
        layerElements = 2L * KvHeads * HeadElements;
        // Where an element has four bytes, the scales fit beside the 8 bits of twice the tokens.
        scaleBytes = int8 && type == KvType.Bf16 ? sizeof(ushort) * 2L * KvHeads * blockSize * CacheForm.Int8.Density() : 0;
        StatesOffset = Layers * (layerElements * elementBytes + scaleBytes);
        StateBytes = states ? (long)hiddenSize * sizeof(float) : 0;
        BytesPerBlock = StatesOffset + (StateBytes * blockSize + 63) / 64 * 64;
        BlockElements = BytesPerBlock / elementBytes;
    }

    public int Layers { get; }

    /// <summary>The same for blocks that hold a single layer's keys and values.</summary>
    public KvLayout OfOneLayer() => new(1, KvHeads, HeadDim, HiddenSize, BlockSize, Type, int8: false, states: false);

    public int KvHeads { get; }

    public int HeadDim { get; }

    public int HiddenSize { get; }

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; }

    public KvType Type { get; }

    /// <summary>Elements of one head's keys, or values, of one layer in one block.</summary>
    public long HeadElements { get; }

    public long BlockElements { get; }

    public long BytesPerBlock { get; }

    /// <summary>Byte of a block where residuals begin: [token][hidden], fp32.</summary>
    public long StatesOffset { get; }

    /// <summary>Bytes of a token's residual; 0: none are kept.</summary>
    public long StateBytes { get; }

    /// <summary>Bytes of the first layers of a block, of keys and values alone.</summary>
    public long BytesOfLayers(int layers) => layers * layerElements * (Type == KvType.F32 ? sizeof(float) : sizeof(ushort));

    /// <summary>Element where a token's hidden state of a layer begins, in a block of <see cref="CacheForm.Hidden"/>: [layer][token][hidden].</summary>
    public long HiddenOffset(int layer, int token) => layer * layerElements + (long)token * HiddenSize;

    /// <summary>Byte where a head's 8 bits begin, in a block of <see cref="CacheForm.Int8"/>: [layer][token][kvHead][K|V][headDim].</summary>
    public long Int8Offset(int layer, int token, int kvHead) =>
        layer * layerElements * (Type == KvType.F32 ? sizeof(float) : sizeof(ushort)) + ((long)token * KvHeads + kvHead) * 2 * HeadDim;

    /// <summary>Byte where a head's two scales begin, bf16: [layer][token][kvHead][K|V], behind the 8 bits or behind all layers.</summary>
    public long ScaleOffset(int layer, int token, int kvHead)
    {
        long pair = ((long)token * KvHeads + kvHead) * 2 * sizeof(ushort);
        return Type == KvType.F32
            ? Int8Offset(layer, BlockSize * CacheForm.Int8.Density(), 0) + pair
            : Layers * layerElements * sizeof(ushort) + layer * scaleBytes + pair;
    }

    public long KeyOffset(int layer, int kvHead) => (2L * layer * KvHeads + kvHead) * HeadElements;

    public long ValueOffset(int layer, int kvHead) => ((2L * layer + 1) * KvHeads + kvHead) * HeadElements;

    /// <summary>Of dimension 0 of a token's key, from <see cref="KeyOffset"/>; dimensions are <see cref="Tile"/> apart.</summary>
    public long KeyOfToken(int token) => (long)(token / Tile) * Tile * HeadDim + token % Tile;

    /// <summary>Of dimension 0 of a token's value, from <see cref="ValueOffset"/>; dimensions are consecutive.</summary>
    public long ValueOfToken(int token) => (long)token * HeadDim;
}
