namespace Pharos.Inference.Models;

/// <summary>Cuts the queries of a step into work items that threads take one by one.</summary>
internal sealed class AttentionPlan(int maxTokens, int group)
{
    private const int RowsOfTile = 12; // query rows that share one pass over the keys
    private readonly QueryTile[] items = new QueryTile[maxTokens];
    private int[] ends = new int[1]; // [round]

    /// <summary>Some consecutive queries of one sequence.</summary>
    public readonly record struct QueryTile(int Row, int Queries, int Sequence);

    /// <summary>Most queries of a tile.</summary>
    public int QueriesOfTile { get; } = Math.Max(1, RowsOfTile / group);

    public QueryTile this[int index] => items[index];

    /// <summary>The items of a round: what its contexts are rebuilt for.</summary>
    public (int First, int End) Items(int round) => (round == 0 ? 0 : ends[round - 1], ends[round]);

    /// <param name="sequences">Of the step.</param>
    public void Cut(StepRows rows, int sequences, RebuildPlan rebuild)
    {
        if (ends.Length < rebuild.Rounds)
            ends = new int[rebuild.Rounds * 2];
        int count = 0;
        for (int round = 0; round < rebuild.Rounds; round++)
        {
            for (int sequence = 0; sequence < sequences; sequence++)
            {
                var (start, end) = rows.Of(sequence);
                for (int row = start; row < end && rebuild.RoundOf(sequence) == round; row += QueriesOfTile)
                    items[count++] = new QueryTile(row, Math.Min(QueriesOfTile, end - row), sequence);
            }
            ends[round] = count;
        }
    }
}
