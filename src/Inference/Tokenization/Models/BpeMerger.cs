using System.Buffers;

namespace Pharos.Inference.Tokenization.Models;

/// <summary>
/// Byte-pair merging of one piece: always the merge of lowest rank, leftmost first. A linked list of tokens and a heap of
/// candidate merges keep a piece of n bytes at O(n log n), so that a long input without a single blank is no attack.
/// </summary>
internal static class BpeMerger
{
    private const int ShortPiece = 24;

    /// <param name="tokens">The piece as single-byte tokens; overwritten.</param>
    /// <returns>How many tokens of <paramref name="tokens"/> are the result.</returns>
    public static int Merge(Span<int> tokens, MergeTable merges) =>
        tokens.Length <= ShortPiece ? MergeByScan(tokens, merges) : MergeByHeap(tokens, merges);

    private static int MergeByScan(Span<int> tokens, MergeTable merges)
    {
        int count = tokens.Length;
        while (count > 1)
        {
            int best = int.MaxValue, at = -1, joined = 0;
            for (int i = 0; i + 1 < count; i++)
            {
                if (merges.TryFind(tokens[i], tokens[i + 1], out int rank, out int token) && rank < best)
                    (best, at, joined) = (rank, i, token);
            }
            if (at < 0)
                break;
            tokens[at] = joined;
            tokens[(at + 2)..count].CopyTo(tokens[(at + 1)..]);
            count--;
        }
        return count;
    }

    private static int MergeByHeap(Span<int> tokens, MergeTable merges)
    {
        int length = tokens.Length;
        int[] links = ArrayPool<int>.Shared.Rent(2 * length);
        var next = links.AsSpan(0, length);
        var previous = links.AsSpan(length, length);
        // Ordered by rank, then by position; an entry is stale when its two tokens are no longer the ones it was made for.
        var heap = new PriorityQueue<(int At, int Left, int Right, int Token), long>(length);
        for (int i = 0; i < length; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < length; i++)
            Offer(heap, merges, i, tokens[i], tokens[i + 1]);

        while (heap.TryDequeue(out var merge, out _))
        {
            int right = tokens[merge.At] == merge.Left ? next[merge.At] : length;
            if (right >= length || tokens[right] != merge.Right)
                continue;
            tokens[merge.At] = merge.Token;
            tokens[right] = -1;
            int after = next[right];
            next[merge.At] = after;
            if (after < length)
            {
                previous[after] = merge.At;
                Offer(heap, merges, merge.At, merge.Token, tokens[after]);
            }
            if (previous[merge.At] is >= 0 and var before)
                Offer(heap, merges, before, tokens[before], merge.Token);
        }

        int count = 0;
        for (int i = 0; i < length; i++)
        {
            if (tokens[i] >= 0)
                tokens[count++] = tokens[i];
        }
        ArrayPool<int>.Shared.Return(links);
        return count;
    }

    private static void Offer(PriorityQueue<(int, int, int, int), long> heap, MergeTable merges, int at, int left, int right)
    {
        if (merges.TryFind(left, right, out int rank, out int token))
            heap.Enqueue((at, left, right, token), ((long)rank << 32) | (uint)at);
    }
}
