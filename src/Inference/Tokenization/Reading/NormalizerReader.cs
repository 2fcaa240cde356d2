using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization.Normalization;
using Pharos.Inference.Tokenization.PreTokenization;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>Reads <c>normalizer</c>.</summary>
internal static class NormalizerReader
{
    private const string Supported =
        "null, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip, Precompiled, or a Sequence of them";

    public static Normalizer? Read(JsonFields root)
    {
        if (root.Find("normalizer") is not { } element)
            return null;
        Normalizer[] steps = [.. TokenizerFile.Steps(element, "normalizers").Select(step => ReadStep(root, step))];
        return steps.Length == 1 ? steps[0] : new NormalizerSequence(steps);
    }

    private static Normalizer ReadStep(JsonFields root, JsonElement step)
    {
        var fields = new JsonFields($"{root.FileName}: normalizer", step);
        switch (TokenizerFile.TypeOf(step))
        {
            case "Prepend" when fields.OptionalText("prepend") is { } prefix:
                return new PrependNormalizer(prefix);
            case "Replace" when fields.OptionalText("content") is { } content:
                return ReadReplace(root, step, content);
            case "NFC":
                return new UnicodeNormalizer(NormalizationForm.FormC);
            case "NFD":
                return new UnicodeNormalizer(NormalizationForm.FormD);
            case "NFKC":
                return new UnicodeNormalizer(NormalizationForm.FormKC);
            case "NFKD":
                return new UnicodeNormalizer(NormalizationForm.FormKD);
            case "Lowercase":
                return new LowercaseNormalizer();
            case "Strip":
                return new StripNormalizer(fields.Boolean("strip_left", true), fields.Boolean("strip_right", true));
            case "Precompiled" when fields.OptionalText("precompiled_charsmap") is { } map:
                return ReadPrecompiled(root, map, step);
            default:
                throw root.Unsupported("normalizer", step, Supported);
        }
    }

    private static Normalizer ReadReplace(JsonFields root, JsonElement step, string content)
    {
        var (literal, expression) = TokenizerFile.Pattern(step);
        if (literal is { Length: > 0 })
            return new ReplaceNormalizer(literal, content);
        if (expression is null)
            throw root.Unsupported("normalizer", step, "a Replace of a pattern of type String or Regex");
        try
        {
            var dialect = RegexDialect.Translate(expression);
            if (dialect.Supplementary.Count == 0)
                return new RegexReplaceNormalizer(dialect.Expression, content);
        }
        catch (ArgumentException)
        {
            // said below, in the file's own words
        }
        throw root.Unsupported("normalizer.pattern.Regex", step.GetProperty("pattern"), "a pattern that .NET can express, of characters up to U+FFFF");
    }

    private static PrecompiledNormalizer ReadPrecompiled(JsonFields root, string map, JsonElement step)
    {
        try
        {
            return new PrecompiledNormalizer(Convert.FromBase64String(map));
        }
        catch (FormatException)
        {
            throw root.Unsupported("normalizer.precompiled_charsmap", step.GetProperty("precompiled_charsmap"), "SentencePiece's map in base 64");
        }
    }
}
