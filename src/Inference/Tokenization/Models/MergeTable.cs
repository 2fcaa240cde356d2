namespace Pharos.Inference.Tokenization.Models;

/// <summary>Which neighbouring tokens join, and in which order of precedence.</summary>
internal sealed class MergeTable
{
    private readonly Dictionary<long, (int Rank, int Token)> merges = [];

    public void Add(int left, int right, int rank, int token) => merges.TryAdd(Key(left, right), (rank, token));

    public bool TryFind(int left, int right, out int rank, out int token)
    {
        bool found = merges.TryGetValue(Key(left, right), out var merge);
        (rank, token) = merge;
        return found;
    }

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;
}
