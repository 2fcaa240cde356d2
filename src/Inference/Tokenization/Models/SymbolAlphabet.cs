using System.Buffers;
using System.Text;

namespace Pharos.Inference.Tokenization.Models;

/// <summary>The smallest tokens, from which merges start.</summary>
internal abstract class SymbolAlphabet
{
    /// <summary>Writes the symbols of <paramref name="piece"/>, at most one for each byte of its UTF-8, and returns how many they are.</summary>
    public abstract int Spell(ReadOnlySpan<char> piece, Span<int> symbols);
}

/// <summary>A token for each byte.</summary>
internal sealed class ByteSymbols(int[] byteTokens) : SymbolAlphabet
{
    public override int Spell(ReadOnlySpan<char> piece, Span<int> symbols)
    {
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(piece.Length));
        int length = Encoding.UTF8.GetBytes(piece, utf8);
        for (int i = 0; i < length; i++)
            symbols[i] = byteTokens[utf8[i]];
        ArrayPool<byte>.Shared.Return(utf8);
        return length;
    }
}

/// <summary>A token for each code point; what the vocabulary lacks is spelled in bytes, or is unknown.</summary>
/// <param name="byteTokens">[256], or null where the model has no byte fallback.</param>
/// <param name="unknown">The token of what cannot be spelled; null where everything can.</param>
/// <param name="fuseUnknown">Neighbouring unknowns are one token.</param>
internal sealed class CharacterSymbols(Dictionary<string, int> vocabulary, int[]? byteTokens, int? unknown, bool fuseUnknown) : SymbolAlphabet
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();

    public override int Spell(ReadOnlySpan<char> piece, Span<int> symbols)
    {
        Span<byte> utf8 = stackalloc byte[4];
        int count = 0;
        bool unknownBefore = false;
        for (int at = 0, width; at < piece.Length; at += width)
        {
            Rune.DecodeFromUtf16(piece[at..], out var rune, out width);
            bool isUnknown = false;
            if (lookup.TryGetValue(piece.Slice(at, width), out int token))
            {
                symbols[count++] = token;
            }
            else if (byteTokens is not null)
            {
                foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
                    symbols[count++] = byteTokens[value];
            }
            else if (unknown is { } id)
            {
                isUnknown = true;
                if (!(fuseUnknown && unknownBefore))
                    symbols[count++] = id;
            }
            unknownBefore = isUnknown;
        }
        return count;
    }
}
