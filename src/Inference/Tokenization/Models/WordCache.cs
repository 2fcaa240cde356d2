using System.Collections.Concurrent;

namespace Pharos.Inference.Tokenization.Models;

/// <summary>Tokens of short pieces seen before. Bounded: when full it starts anew, so that the words of today's texts are in it.</summary>
internal sealed class WordCache
{
    private const int MostEntries = 16_384; // about 3 MB
    private const int LongestPiece = 32;    // UTF-16 units

    private readonly ConcurrentDictionary<string, int[]> words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private int count;

    public WordCache() => lookup = words.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool TryFind(ReadOnlySpan<char> piece, out int[]? tokens)
    {
        tokens = null;
        return piece.Length <= LongestPiece && lookup.TryGetValue(piece, out tokens);
    }

    public void Add(ReadOnlySpan<char> piece, ReadOnlySpan<int> tokens)
    {
        if (piece.Length > LongestPiece)
            return;
        if (Interlocked.Increment(ref count) > MostEntries)
        {
            words.Clear();
            Volatile.Write(ref count, 1);
        }
        words[piece.ToString()] = tokens.ToArray();
    }
}
