using Pharos.Inference.Backend;

namespace Pharos.Inference.Models;

/// <summary>Cuts the queries of a step into work items that threads take one by one.</summary>
internal sealed class AttentionPlan(int maxTokens, int group)
{
    private const int RowsOfTile = 12; // query rows that share one pass over the keys
    private readonly QueryTile[] items = new QueryTile[maxTokens];

    /// <summary>Some consecutive queries of one sequence.</summary>
    public readonly record struct QueryTile(int Row, int Queries, int Sequence);

    /// <summary>Most queries of a tile.</summary>
    public int QueriesOfTile { get; } = Math.Max(1, RowsOfTile / group);

    public int Count { get; private set; }

    public QueryTile this[int index] => items[index];

    public void Cut(StepBatch batch)
    {
        Count = 0;
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            int end = batch.QueryStart[sequence + 1];
            for (int row = batch.QueryStart[sequence]; row < end; row += QueriesOfTile)
                items[Count++] = new QueryTile(row, Math.Min(QueriesOfTile, end - row), sequence);
        }
    }
}
