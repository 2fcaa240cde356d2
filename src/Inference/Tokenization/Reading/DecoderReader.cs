using System.Globalization;
using System.Text;
using System.Text.Json;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization.Models;
using Pharos.Inference.Tokenization.PreTokenization;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>How tokens read as text.</summary>
/// <param name="ByteLevel">Spellings are in the byte alphabet.</param>
/// <param name="ByteFallback"><c>&lt;0x0A&gt;</c> is a byte.</param>
/// <param name="Replacements">Literals and what they stand for, in order.</param>
internal sealed record Decoding(bool ByteLevel, bool ByteFallback, IReadOnlyList<(string From, string To)> Replacements, LeadingBlanks LeadingBlanks)
{
    /// <summary>The bytes that a token of the vocabulary stands for.</summary>
    public byte[] Content(string spelling)
    {
        if (ByteLevel)
            return ByteAlphabet.Read(spelling) ?? Encoding.UTF8.GetBytes(spelling); // not of the alphabet: an added token listed here too
        if (ByteFallback && spelling is ['<', '0', 'x', _, _, '>'] && byte.TryParse(spelling.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte value))
            return [value];
        return Encoding.UTF8.GetBytes(Replacements.Aggregate(spelling, (text, r) => text.Replace(r.From, r.To, StringComparison.Ordinal)));
    }

    /// <summary>The bytes that an added token stands for, which is never spelled in the byte alphabet.</summary>
    public byte[] AddedContent(string content) => ByteLevel ? Encoding.UTF8.GetBytes(content) : Content(content);
}

/// <summary>Reads <c>decoder</c>.</summary>
internal static class DecoderReader
{
    private const string Supported = "ByteLevel, Metaspace, or a Sequence of Replace, ByteFallback, Fuse and a Strip of one blank at the beginning";

    /// <param name="cutting">What decoding undoes where the file names no decoder.</param>
    public static Decoding Read(JsonFields root, Cutting cutting)
    {
        if (cutting.ByteLevel)
            return ReadByteLevel(root);
        bool byteFallback = false, fused = false;
        var replacements = new List<(string, string)>();
        var blanks = LeadingBlanks.Kept;
        if (root.Find("decoder") is not { } element)
        {
            return cutting.Metaspace is { } undone
                ? new Decoding(false, false, [(undone.Replacement, " ")], Dropped(undone.Scheme)) : new Decoding(false, false, [], LeadingBlanks.Kept);
        }
        foreach (var step in TokenizerFile.Steps(element, "decoders"))
        {
            var fields = new JsonFields($"{root.FileName}: decoder", step);
            switch (TokenizerFile.TypeOf(step))
            {
                case "Replace" when !fused && TokenizerFile.Pattern(step).Literal is { Length: > 0 } literal && fields.OptionalText("content") is { } content:
                    replacements.Add((literal, content));
                    break;
                case "ByteFallback" when !fused:
                    byteFallback = true;
                    break;
                case "Fuse":
                    fused = true;
                    break;
                case "Strip" when fused && fields.OptionalText("content") == " " && fields.Integer("start", 0, int.MaxValue) == 1 && fields.Integer("stop", 0, int.MaxValue) == 0:
                    blanks = LeadingBlanks.OneDropped;
                    break;
                case "Metaspace" when !fused:
                    var (replacement, scheme) = PreTokenizerReader.ReadMetaspace(fields);
                    replacements.Add((replacement, " "));
                    blanks = Dropped(scheme);
                    break;
                default:
                    throw root.Unsupported("decoder", step, Supported);
            }
        }
        return new Decoding(false, byteFallback, replacements, blanks);
    }

    private static LeadingBlanks Dropped(PrependScheme scheme) => scheme == PrependScheme.Never ? LeadingBlanks.Kept : LeadingBlanks.FirstTokensDropped;

    private static Decoding ReadByteLevel(JsonFields root)
    {
        if (root.Find("decoder") is { } decoder)
        {
            var steps = TokenizerFile.Steps(decoder, "decoders");
            if (steps.Length != 1 || TokenizerFile.TypeOf(steps[0]) != "ByteLevel")
                throw root.Unsupported("decoder", decoder, "ByteLevel, which a pre_tokenizer with ByteLevel needs");
        }
        return new Decoding(true, false, [], LeadingBlanks.Kept);
    }
}
