using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization.Models;
using Pharos.Inference.Tokenization.Normalization;
using Pharos.Inference.Tokenization.PreTokenization;
using Pharos.Inference.Tokenization.Reading;

namespace Pharos.Inference.Tokenization;

/// <summary>What a reader found, ready to be used.</summary>
/// <param name="Contents">[id] the bytes a token stands for; null for ids that no token has.</param>
/// <param name="LeadingBlanks">What decoding leaves out at the beginning of a text.</param>
/// <param name="PromptStart">Tokens before a raw prompt, such as the beginning-of-text token.</param>
/// <param name="PromptEnd">Tokens after a raw prompt.</param>
internal sealed record TokenizerParts(
    byte[]?[] Contents, IReadOnlyList<AddedToken> AddedTokens, Normalizer? Normalizer, IReadOnlyList<PreTokenizer> PreTokenizers, TokenModel Model,
    LeadingBlanks LeadingBlanks, int[] PromptStart, int[] PromptEnd);

/// <summary>Which blanks at the beginning of a decoded text were put there by encoding.</summary>
internal enum LeadingBlanks
{
    Kept,

    /// <summary>One is left out.</summary>
    OneDropped,

    /// <summary>Those of the first token are left out.</summary>
    FirstTokensDropped,
}

/// <summary>
/// Text to tokens and back, as a model's files say: added tokens are found first, the text between them is normalized, cut into
/// pieces, and each piece encoded by the model (byte pairs or unigrams). Immutable and safe to share between threads.
/// </summary>
public sealed class Tokenizer
{
    private readonly TokenizerParts parts;
    private readonly bool[] special; // [id]
    private readonly AddedTokenMatcher raw;
    private readonly AddedTokenMatcher normalized;

    internal Tokenizer(TokenizerParts parts)
    {
        this.parts = parts;
        special = new bool[parts.Contents.Length];
        LongestToken = parts.Contents.Max(bytes => bytes?.Length) ?? 0;
        foreach (var token in AddedTokens)
            special[token.Id] |= token.Special;
        // Special tokens are matched as they are written even where a file says otherwise: only so is it known who spelled them.
        raw = new AddedTokenMatcher(AddedTokens.Where(t => t.Special || !t.Normalized).Select(t => (t.Content, t)));
        normalized = new AddedTokenMatcher(AddedTokens.Where(t => t.Normalized && !t.Special)
            .Select(t => (parts.Normalizer?.Apply(t.Content) ?? t.Content, t)).Where(t => t.Item1.Length > 0));
    }

    /// <summary>Reads <c>tokenizer.json</c>.</summary>
    /// <exception cref="ModelLoadException">The file is missing, broken, or asks for what is not supported.</exception>
    public static Tokenizer Load(string path) => TokenizerFile.Read(path);

    /// <summary>One more than the highest id.</summary>
    public int IdLimit => parts.Contents.Length;

    /// <summary>Bytes of the longest token.</summary>
    public int LongestToken { get; }

    public IReadOnlyList<AddedToken> AddedTokens => parts.AddedTokens;

    /// <summary>Tokens before a raw prompt, such as the beginning-of-text token; a rendered chat spells its own.</summary>
    public IReadOnlyList<int> PromptStart => parts.PromptStart;

    /// <summary>Tokens after a raw prompt; with generating models there are none.</summary>
    public IReadOnlyList<int> PromptEnd => parts.PromptEnd;

    /// <summary>Whether the token is a control token, which <c>skipSpecial</c> leaves out of text.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)special.Length && special[id];

    /// <summary>The bytes a token stands for within a text; empty for ids without a token. Not every token is whole UTF-8.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)IdLimit ? parts.Contents[id] : default;

    /// <summary>The token as text for people to read: bytes that are not whole UTF-8 show as U+FFFD.</summary>
    public string TokenText(int id) => Encoding.UTF8.GetString(TokenBytes(id));

    /// <summary>Encodes text, without the tokens of <see cref="PromptStart"/> and <see cref="PromptEnd"/>.</summary>
    /// <param name="parseSpecial">
    /// False for text that comes from users: special tokens spelled in it become plain text. Added tokens that are not special
    /// are matched either way.
    /// </param>
    /// <exception cref="TextRefusedException">The file's pattern takes too long to cut it.</exception>
    public List<int> Encode(string text, bool parseSpecial)
    {
        var tokens = new List<int>(text.Length / 3 + 8);
        Encode(text, parseSpecial ? [0..text.Length] : [], tokens);
        return tokens;
    }

    /// <summary>Appends the encoding of a text of which parts may spell special tokens.</summary>
    /// <param name="controls">Where special tokens are parsed: ascending ranges, apart, counted from the start.</param>
    /// <exception cref="TextRefusedException">The file's pattern takes too long to cut it.</exception>
    public void Encode(string text, ReadOnlySpan<Range> controls, List<int> tokens)
    {
        try
        {
            EncodeAll(WellFormed(text), controls, tokens);
        }
        catch (RegexMatchTimeoutException late)
        {
            throw new TextRefusedException(
                $"A text of {text.Length} characters cannot be cut within {late.MatchTimeout.TotalSeconds:0.##} s by the tokenizer's pattern '{late.Pattern}'; one with shorter runs of the same kind of character is expected.",
                late);
        }
    }

    private void EncodeAll(string text, ReadOnlySpan<Range> controls, List<int> tokens)
    {
        for (int start = 0, from = 0; ;)
        {
            var token = raw.Next(text, from, start, controls, out var found);
            if (found.Start > start)
                EncodeNormalized(Normalize(text[start..found.Start]), start == 0, tokens);
            if (token is null)
                return;
            tokens.Add(token.Id);
            (from, start) = (found.SpellingEnd, found.End);
        }
    }

    /// <summary>The text of <paramref name="tokens"/>; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(IEnumerable<int> tokens, bool skipSpecial = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        bool begins = true;
        foreach (int id in tokens)
        {
            if (!(skipSpecial && IsSpecial(id)))
                buffer.Write(TextBytes(id, ref begins));
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>What the token adds to a text.</summary>
    /// <param name="begins">True for the first token of a text, and left so until something was said.</param>
    internal ReadOnlySpan<byte> TextBytes(int id, ref bool begins)
    {
        var bytes = TokenBytes(id);
        if (!begins)
            return bytes;
        begins = bytes.IsEmpty;
        return parts.LeadingBlanks switch
        {
            LeadingBlanks.OneDropped when bytes.StartsWith((byte)' ') => bytes[1..],
            LeadingBlanks.FirstTokensDropped => bytes.TrimStart((byte)' '),
            _ => bytes,
        };
    }

    private string Normalize(string text) => parts.Normalizer?.Apply(text) ?? text;

    private void EncodeNormalized(string text, bool first, List<int> tokens)
    {
        for (int start = 0, from = 0; ;)
        {
            var token = normalized.Next(text, from, start, [], out var found);
            if (found.Start > start)
                EncodeRun(new TextPiece(text, start, found.Start - start, first && start == 0), tokens);
            if (token is null)
                return;
            tokens.Add(token.Id);
            (from, start) = (found.SpellingEnd, found.End);
        }
    }

    private void EncodeRun(TextPiece run, List<int> tokens)
    {
        if (parts.PreTokenizers.Count == 0)
        {
            parts.Model.Encode(run.Span, tokens);
            return;
        }
        List<TextPiece> pieces = [run], cut = [];
        foreach (var step in parts.PreTokenizers)
        {
            foreach (var piece in pieces)
                step.Cut(piece, cut);
            (pieces, cut) = (cut, pieces);
            cut.Clear();
        }
        foreach (var piece in pieces)
            parts.Model.Encode(piece.Span, tokens);
    }

    /// <summary>Halves of surrogate pairs that stand alone are no text in any encoding: each becomes U+FFFD.</summary>
    private static string WellFormed(string text)
    {
        for (int at = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0 && at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at]))
                continue;
            if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
                at++;
            else
                return WellFormed(text.AsSpan(at), text[..at]);
        }
        return text;
    }

    private static string WellFormed(ReadOnlySpan<char> rest, string before)
    {
        var result = new StringBuilder(before, before.Length + rest.Length);
        foreach (var rune in rest.EnumerateRunes()) // which reads a lone half as U+FFFD
            result.Append(rune.ToString());
        return result.ToString();
    }
}
