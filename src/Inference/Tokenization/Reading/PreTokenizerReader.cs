using System.Text.Json;
using Pharos.Inference.Loading;
using Pharos.Inference.Tokenization.PreTokenization;

namespace Pharos.Inference.Tokenization.Reading;

/// <summary>How text is cut.</summary>
/// <param name="ByteLevel">Whether the model's vocabulary is written in the byte alphabet.</param>
/// <param name="Metaspace">Set where blanks become a visible character: the character, and whether a text is given one at its beginning.</param>
internal sealed record Cutting(IReadOnlyList<PreTokenizer> Steps, bool ByteLevel, (string Replacement, PrependScheme Scheme)? Metaspace);

/// <summary>Reads <c>pre_tokenizer</c>.</summary>
internal static class PreTokenizerReader
{
    private const string Supported = "null, Split, Digits, Metaspace, ByteLevel, or a Sequence of them that has ByteLevel last";

    public static Cutting Read(JsonFields root)
    {
        var steps = new List<PreTokenizer>();
        bool byteLevel = false;
        (string, PrependScheme)? metaspace = null;
        if (root.Find("pre_tokenizer") is not { } element)
            return new Cutting(steps, false, null);
        foreach (var step in TokenizerFile.Steps(element, "pretokenizers"))
        {
            if (byteLevel)
                throw root.Unsupported("pre_tokenizer", element, Supported);
            var fields = new JsonFields($"{root.FileName}: pre_tokenizer", step);
            switch (TokenizerFile.TypeOf(step))
            {
                case "ByteLevel":
                    byteLevel = true;
                    if (fields.Boolean("add_prefix_space", true))
                        steps.Add(new PrefixSpacePreTokenizer());
                    if (fields.Boolean("use_regex", true))
                        steps.Add(Isolating(new Gpt2Finder()));
                    break;
                case "Split":
                    steps.Add(ReadSplit(root, fields));
                    break;
                case "Digits":
                    bool individually = fields.Boolean("individual_digits", false);
                    steps.Add(new SplitPreTokenizer(new DigitFinder(individually), individually ? SplitBehavior.Isolated : SplitBehavior.Contiguous, invert: false));
                    break;
                case "Metaspace":
                    metaspace = ReadMetaspace(fields);
                    steps.Add(new MetaspacePreTokenizer(metaspace.Value.Item1[0], metaspace.Value.Item2, fields.Boolean("split", true)));
                    break;
                default:
                    throw root.Unsupported("pre_tokenizer", step, Supported);
            }
        }
        return new Cutting(steps, byteLevel, metaspace);
    }

    /// <summary>What a Metaspace puts in the place of blanks, and when it begins a text with one.</summary>
    public static (string Replacement, PrependScheme Scheme) ReadMetaspace(JsonFields fields)
    {
        string replacement = fields.OptionalText("replacement") ?? "\u2581";
        if (replacement.Length != 1 || char.IsSurrogate(replacement[0]))
            throw fields.Unsupported("replacement", fields.Find("replacement")!.Value, "one character up to U+FFFF");
        return (replacement, fields.OptionalText("prepend_scheme") switch
        {
            null => fields.Boolean("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never,
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw fields.Unsupported("prepend_scheme", fields.Find("prepend_scheme")!.Value, "\"always\", \"first\" or \"never\""),
        });
    }

    /// <summary>A pattern's own scanner where there is one, else a regular expression.</summary>
    /// <exception cref="ArgumentException">The pattern cannot be expressed.</exception>
    public static PieceFinder FinderOf(string pattern)
    {
        if (pattern == Gpt2Finder.Pattern || pattern + @"|\s+" == Gpt2Finder.Pattern)
            return new Gpt2Finder();
        foreach (int digits in (int[])[1, 3])
        {
            if (pattern == Cl100kFinder.Pattern(digits))
                return new Cl100kFinder(digits);
            if (pattern == Cl100kFinder.SpelledPattern(digits))
                return new Cl100kFinder(digits, spelled: true);
        }
        return new RegexFinder(pattern);
    }

    public static SplitPreTokenizer Isolating(PieceFinder finder) => new(finder, SplitBehavior.Isolated, invert: false);

    private static SplitPreTokenizer ReadSplit(JsonFields root, JsonFields fields)
    {
        if (!Enum.TryParse(fields.OptionalText("behavior"), out SplitBehavior behavior) || !Enum.IsDefined(behavior))
            throw root.Unsupported("pre_tokenizer", fields.Element, $"a Split whose behavior is one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
        bool invert = fields.Boolean("invert", false);
        var (literal, expression) = TokenizerFile.Pattern(fields.Element);
        if (literal is { Length: > 0 })
            return new SplitPreTokenizer(new LiteralFinder(literal), behavior, invert);
        if (expression is not { Length: > 0 })
            throw root.Unsupported("pre_tokenizer", fields.Element, "a Split by a pattern of type String or Regex");
        try
        {
            return new SplitPreTokenizer(FinderOf(expression), behavior, invert);
        }
        catch (ArgumentException e)
        {
            throw new ModelLoadException(
                $"{root.FileName}: pre_tokenizer.pattern.Regex is \"{expression}\"; supported is a pattern that .NET can express ({e.Message.TrimEnd('.')}).", e);
        }
    }
}
