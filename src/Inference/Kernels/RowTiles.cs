namespace Pharos.Inference.Kernels;

/// <summary>
/// How the rows of a step are cut into register tiles, largest first. A packed left operand holds tile after tile, each as
/// [depth][rows of the tile], so that a kernel reads it straight through.
/// </summary>
internal sealed class RowTiles(int maxRows)
{
    private static readonly int[] Sizes = [12, 8, 6, 4, 2, 1];
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
        (Rows, Count) = (rows, 0);
        for (int row = 0; row < rows;)
        {
            int size = 1;
            foreach (int candidate in Sizes)
            {
                if (candidate <= largest && candidate <= rows - row)
                {
                    size = candidate;
                    break;
                }
            }
            starts[Count] = row;
            sizes[Count] = size;
            tileOfRow.AsSpan(row, size).Fill(Count);
            Count++;
            row += size;
        }
    }
}
