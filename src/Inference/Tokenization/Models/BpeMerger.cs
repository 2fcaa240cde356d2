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
        // By rank, then by position. At first there are less than a token each; a merge uses one up and adds two at most.
        var candidates = new CandidateHeap(2 * length);
        for (int i = 0; i < length; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < length; i++)
            Offer(ref candidates, merges, i, tokens[i], tokens[i + 1]);

        while (candidates.TryTake(out int rank, out int at))
        {
            // A candidate is stale when its tokens have become others, which have a rank of their own.
            int right = tokens[at] >= 0 ? next[at] : length;
            if (right >= length || !merges.TryFind(tokens[at], tokens[right], out int present, out int joined) || present != rank)
                continue;
            tokens[at] = joined;
            tokens[right] = -1;
            int after = next[right];
            next[at] = after;
            if (after < length)
            {
                previous[after] = at;
                Offer(ref candidates, merges, at, joined, tokens[after]);
            }
            if (previous[at] is >= 0 and var before)
                Offer(ref candidates, merges, before, tokens[before], joined);
        }

        int count = 0;
        for (int i = 0; i < length; i++)
        {
            if (tokens[i] >= 0)
                tokens[count++] = tokens[i];
        }
        candidates.Return();
        ArrayPool<int>.Shared.Return(links);
        return count;
    }

    private static void Offer(ref CandidateHeap candidates, MergeTable merges, int at, int left, int right)
    {
        if (merges.TryFind(left, right, out int rank, out _))
            candidates.Add(rank, at);
    }

    /// <summary>A binary heap in rented memory of merges that may happen, the least (rank, position) first.</summary>
    private struct CandidateHeap(int capacity)
    {
        private readonly long[] items = ArrayPool<long>.Shared.Rent(capacity + 1); // from 1 on
        private int count;

        public void Add(int rank, int at)
        {
            long item = ((long)rank << 32) | (uint)at;
            int hole = ++count;
            for (; hole > 1 && items[hole / 2] > item; hole /= 2)
                items[hole] = items[hole / 2];
            items[hole] = item;
        }

        public bool TryTake(out int rank, out int at)
        {
            (rank, at) = ((int)(items[1] >> 32), (int)items[1]);
            if (count == 0)
                return false;
            long last = items[count--];
            int hole = 1;
            for (int child; (child = 2 * hole) <= count; hole = child)
            {
                if (child < count && items[child + 1] < items[child])
                    child++;
                if (items[child] >= last)
                    break;
                items[hole] = items[child];
            }
            items[hole] = last;
            return true;
        }

        public readonly void Return() => ArrayPool<long>.Shared.Return(items);
    }
}
