using Pharos.Inference.Backend;

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

    public KvLayout(ModelShape model, int blockSize, KvType type)
    {
        if (blockSize < Tile || blockSize % Tile != 0)
            throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, $"A KV block holds a multiple of {Tile} tokens.");
        (Layers, KvHeads, HeadDim, BlockSize, Type) = (model.Layers, model.KvHeads, model.HeadDim, blockSize, type);
        HeadElements = (long)blockSize * HeadDim;
        BlockElements = Layers * 2L * KvHeads * HeadElements;
        BytesPerBlock = BlockElements * (type == KvType.F32 ? sizeof(float) : sizeof(ushort));
    }

    public int Layers { get; }

    public int KvHeads { get; }

    public int HeadDim { get; }

    /// <summary>Tokens a block.</summary>
    public int BlockSize { get; }

    public KvType Type { get; }

    /// <summary>Elements of one head's keys, or values, of one layer in one block.</summary>
    public long HeadElements { get; }

    public long BlockElements { get; }

    public long BytesPerBlock { get; }

    public long KeyOffset(int layer, int kvHead) => (2L * layer * KvHeads + kvHead) * HeadElements;

    public long ValueOffset(int layer, int kvHead) => ((2L * layer + 1) * KvHeads + kvHead) * HeadElements;

    /// <summary>Of dimension 0 of a token's key, from <see cref="KeyOffset"/>; dimensions are <see cref="Tile"/> apart.</summary>
    public long KeyOfToken(int token) => (long)(token / Tile) * Tile * HeadDim + token % Tile;

    /// <summary>Of dimension 0 of a token's value, from <see cref="ValueOffset"/>; dimensions are consecutive.</summary>
    public long ValueOfToken(int token) => (long)token * HeadDim;
}
