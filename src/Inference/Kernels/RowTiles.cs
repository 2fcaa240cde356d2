namespace Pharos.Inference.Kernels;

/// <summary>
/// How the rows of a step are cut into register tiles: as few as possible, of nearly the same size. A packed left operand holds tile after tile, each as
/// [depth][rows of the tile], so that a kernel reads it straight through.
/// </summary>
internal sealed class RowTiles(int maxRows)
{
    private readonly int[] starts = new int[maxRows];
    private readonly int[] sizes = new int[maxRows];
    private readonly int[] tileOfRow = new int[maxRows];

    public int Rows { get; private set; }

    public int Count { get; private set; }

    public int Start(int tile) => starts[tile];

    public int Size(int tile) => sizes[tile];

    public int TileOfRow(int row) => tileOfRow[row];

    public void Cut(int rows, int largest)
    {
        (Rows, Count) = (rows, (rows + largest - 1) / largest);
        for (int tile = 0; tile < Count; tile++)
        {
            int start = (int)((long)rows * tile / Count), end = (int)((long)rows * (tile + 1) / Count);
            (starts[tile], sizes[tile]) = (start, end - start);
            tileOfRow.AsSpan(start, end - start).Fill(tile);
        }
    }
}
