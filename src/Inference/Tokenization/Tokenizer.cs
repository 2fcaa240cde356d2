using System.Buffers;
using System.Text;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding as written by <c>tokenizer.json</c>. Every text has an encoding and decodes to itself: the
/// vocabulary holds all 256 bytes. Immutable and safe to share between threads.
/// </summary>
public sealed class Tokenizer
{
    private readonly byte[]?[] bytes;     // [id] content; null for ids that no token has
    private readonly bool[] special;      // [id]
    private readonly int[] byteTokens;    // [256]
    private readonly MergeTable merges;
    private readonly PreTokenizer preTokenizer;
    private readonly bool addPrefixSpace;
    private readonly Dictionary<string, int>? wholePieces; // by byte-alphabet spelling, where merges are ignored for known words
    private readonly AddedTokenMatcher all;
    private readonly AddedTokenMatcher plain;

    internal Tokenizer(TokenizerParts parts)
    {
        (bytes, byteTokens, merges, preTokenizer, addPrefixSpace) =
            (parts.Bytes, parts.ByteTokens, parts.Merges, parts.PreTokenizer, parts.AddPrefixSpace);
        wholePieces = parts.IgnoreMerges ? parts.Vocabulary : null;
        AddedTokens = parts.AddedTokens;
        all = new AddedTokenMatcher(AddedTokens);
        plain = new AddedTokenMatcher(AddedTokens.Where(t => !t.Special));
        special = new bool[bytes.Length];
        foreach (var token in AddedTokens)
            special[token.Id] |= token.Special;
    }

    /// <summary>Reads <c>tokenizer.json</c>.</summary>
    /// <exception cref="ModelLoadException">The file is missing, broken, or of a kind that is not byte-level BPE.</exception>
    public static Tokenizer Load(string path) => TokenizerFile.Read(path);

    /// <summary>One more than the highest id.</summary>
    public int IdLimit => bytes.Length;

    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>Whether the token is a control token, which <c>skipSpecial</c> leaves out of text.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)special.Length && special[id];

    /// <summary>The bytes a token stands for; empty for ids without a token. Not every token is whole UTF-8.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)bytes.Length ? bytes[id] : default;

    /// <summary>The token as text for people to read: bytes that are not whole UTF-8 show as U+FFFD.</summary>
    public string TokenText(int id) => Encoding.UTF8.GetString(TokenBytes(id));

    /// <summary>Encodes text.</summary>
    /// <param name="parseSpecial">
    /// False for text that comes from users: special tokens spelled in it become plain bytes. Added tokens that are not special
    /// are matched either way.
    /// </param>
    public List<int> Encode(string text, bool parseSpecial)
    {
        var tokens = new List<int>(text.Length / 3 + 8);
        Encode(text, parseSpecial, tokens);
        return tokens;
    }

    /// <inheritdoc cref="Encode(string, bool)"/>
    public List<int> Encode(ReadOnlySpan<char> text, bool parseSpecial) => Encode(text.ToString(), parseSpecial);

    /// <summary>Appends the encoding of <paramref name="text"/> to <paramref name="tokens"/>.</summary>
    public void Encode(string text, bool parseSpecial, List<int> tokens)
    {
        var matcher = parseSpecial ? all : plain;
        for (int start = 0; start < text.Length;)
        {
            var token = matcher.Next(text, start, out int end);
            EncodeRun(text, start, end, tokens);
            if (token is null)
                return;
            tokens.Add(token.Id);
            start = end + token.Content.Length;
        }
    }

    /// <summary>The text of <paramref name="tokens"/>; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(IEnumerable<int> tokens, bool skipSpecial = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (int id in tokens)
        {
            if (!(skipSpecial && IsSpecial(id)))
                buffer.Write(TokenBytes(id));
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private void EncodeRun(string text, int start, int end, List<int> tokens)
    {
        if (start == end)
            return;
        if (addPrefixSpace && !char.IsWhiteSpace(text[start]))
        {
            text = string.Concat(" ", text.AsSpan(start, end - start));
            (start, end) = (0, text.Length);
        }
        while (start < end)
        {
            int length = preTokenizer.NextPiece(text, start, end);
            EncodePiece(text.AsSpan(start, length), tokens);
            start += length;
        }
    }

    private void EncodePiece(ReadOnlySpan<char> piece, List<int> tokens)
    {
        int capacity = Encoding.UTF8.GetMaxByteCount(piece.Length);
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(capacity);
        int[] rented = ArrayPool<int>.Shared.Rent(capacity);
        int length = Encoding.UTF8.GetBytes(piece, utf8);
        if (wholePieces is not null && FindWhole(utf8.AsSpan(0, length)) is { } whole)
        {
            tokens.Add(whole);
        }
        else
        {
            var symbols = rented.AsSpan(0, length);
            for (int i = 0; i < length; i++)
                symbols[i] = byteTokens[utf8[i]];
            tokens.AddRange(symbols[..BpeMerger.Merge(symbols, merges)]);
        }
        ArrayPool<byte>.Shared.Return(utf8);
        ArrayPool<int>.Shared.Return(rented);
    }

    private int? FindWhole(ReadOnlySpan<byte> piece)
    {
        const int longest = 128; // no vocabulary holds longer words
        if (piece.Length > longest)
            return null;
        Span<char> spelling = stackalloc char[piece.Length];
        for (int i = 0; i < piece.Length; i++)
            spelling[i] = ByteAlphabet.Spell(piece[i]);
        return wholePieces!.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(spelling, out int id) ? id : null;
    }
}
