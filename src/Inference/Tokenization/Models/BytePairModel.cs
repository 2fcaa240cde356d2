using System.Buffers;
using System.Text;

namespace Pharos.Inference.Tokenization.Models;

/// <summary>Byte-pair encoding: the symbols of a piece, merged by rank.</summary>
/// <param name="whole">Where known words are taken whole whatever the merges: finds a piece's token.</param>
/// <param name="wordStart">
/// A character before which no token of more than itself continues, so that long pieces can be cut there with the same outcome;
/// null where there is none.
/// </param>
internal sealed class BytePairModel(SymbolAlphabet alphabet, MergeTable merges, IWholeWords? whole, char? wordStart) : TokenModel
{
    private readonly WordCache cache = new();

    public override void Encode(ReadOnlySpan<char> piece, List<int> tokens)
    {
        if (wordStart is not { } start)
        {
            EncodeWord(piece, tokens);
            return;
        }
        while (!piece.IsEmpty)
        {
            int blanks = piece.IndexOfAnyExcept(start);
            int word = blanks < 0 ? -1 : piece[blanks..].IndexOf(start);
            int length = word < 0 ? piece.Length : blanks + word;
            EncodeWord(piece[..length], tokens);
            piece = piece[length..];
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> tokens)
    {
        if (cache.TryFind(word, out int[]? known))
        {
            tokens.AddRange(known.AsSpan());
            return;
        }
        if (whole is not null && whole.TryFind(word, out int token))
        {
            tokens.Add(token);
            return;
        }
        int[] rented = ArrayPool<int>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(word.Length));
        var symbols = rented.AsSpan(0, alphabet.Spell(word, rented));
        symbols = symbols[..BpeMerger.Merge(symbols, merges)];
        tokens.AddRange(symbols);
        cache.Add(word, symbols);
        ArrayPool<int>.Shared.Return(rented);
    }
}

/// <summary>Finds words that are tokens.</summary>
internal interface IWholeWords
{
    bool TryFind(ReadOnlySpan<char> word, out int token);
}

/// <summary>Words of a vocabulary written in plain characters.</summary>
internal sealed class PlainWords(Dictionary<string, int> vocabulary) : IWholeWords
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool TryFind(ReadOnlySpan<char> word, out int token) => lookup.TryGetValue(word, out token);
}

/// <summary>Words of a vocabulary written in the byte alphabet.</summary>
internal sealed class ByteSpelledWords(Dictionary<string, int> vocabulary) : IWholeWords
{
    private const int Longest = 128; // bytes; no vocabulary holds longer words

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool TryFind(ReadOnlySpan<char> word, out int token)
    {
        Span<byte> utf8 = stackalloc byte[Longest];
        Span<char> spelling = stackalloc char[Longest];
        token = -1;
        if (!Encoding.UTF8.TryGetBytes(word, utf8, out int length))
            return false;
        for (int i = 0; i < length; i++)
            spelling[i] = ByteAlphabet.Spell(utf8[i]);
        return lookup.TryGetValue(spelling[..length], out token);
    }
}
