using Pharos.Inference.KvCache;

namespace Pharos.Inference.Kernels;

/// <summary>What <see cref="KernelSet.Attend"/> works on.</summary>
internal unsafe ref struct AttentionCall
{
    public KvLayout Layout;
    public byte* Blocks;       // the device arena
    public int* BlockTable;    // [blocks of the sequence]
    public int Layer;
    public int KvHead;
    public int Group;          // query heads of a key head
    public int Queries;        // consecutive tokens of the sequence
    public int FirstPosition;  // of the first of them; each attends to all positions up to its own
    public int Window;         // sliding window: a query sees this many positions, its own among them; 0: all
    public float Softcap;      // scores become cap * tanh(score / cap); 0: they stay
    public float* Query;       // rotated and scaled, first query, first head of the group; [queries][group][headDim], queries QueryStride apart
    public int QueryStride;
    public float* Output;      // as Query
    public int OutputStride;
    public float* PackedQuery; // scratch [queries * group * headDim]
    public float* Scores;      // scratch [queries * group][ScoreStride]
    public int ScoreStride;    // at least StrideFor the context
    public void** KeyTiles;    // scratch, TilesFor the context
    public float** Outputs;    // scratch [queries * group]

    /// <summary>Scores are written four tiles of 16 keys at a time.</summary>
    public static int StrideFor(int context) => (context + KvLayout.Tile - 1) / KvLayout.Tile * KvLayout.Tile + 4 * KvLayout.Tile;

    public static int TilesFor(int context) => (context + KvLayout.Tile - 1) / KvLayout.Tile + 8;

    /// <summary>The first position that a query sees.</summary>
    public readonly int First(int query) => Window > 0 ? Math.Max(0, FirstPosition + query + 1 - Window) : 0;

    /// <summary>The position after the last that a query sees.</summary>
    public readonly int End(int query) => FirstPosition + query + 1;
}
