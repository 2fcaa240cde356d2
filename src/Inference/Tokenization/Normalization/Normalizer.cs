using System.Text;
using System.Text.RegularExpressions;

namespace Pharos.Inference.Tokenization.Normalization;

/// <summary>Rewrites text before it is cut into pieces.</summary>
internal abstract class Normalizer
{
    /// <summary>The rewritten text; the same object where nothing changed.</summary>
    public abstract string Apply(string text);
}

/// <summary>Several in their order.</summary>
internal sealed class NormalizerSequence(Normalizer[] steps) : Normalizer
{
    public override string Apply(string text)
    {
        foreach (var step in steps)
            text = step.Apply(text);
        return text;
    }
}

/// <summary>Puts a prefix before any text that is not empty: SentencePiece's dummy blank.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override string Apply(string text) => text.Length == 0 ? text : prefix + text;
}

/// <summary>Replaces every occurrence of a literal.</summary>
internal sealed class ReplaceNormalizer(string pattern, string content) : Normalizer
{
    public override string Apply(string text) => text.Replace(pattern, content, StringComparison.Ordinal);
}

/// <summary>Replaces every match of a regular expression by a literal.</summary>
internal sealed class RegexReplaceNormalizer(Regex pattern, string content) : Normalizer
{
    public override string Apply(string text) => pattern.Replace(text, _ => content);
}

/// <summary>Simple lower case of every code point, without regard to culture.</summary>
internal sealed class LowercaseNormalizer : Normalizer
{
    public override string Apply(string text) => text.ToLowerInvariant();
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override string Apply(string text) => (left, right) switch
    {
        (true, true) => text.Trim(),
        (true, false) => text.TrimStart(),
        (false, true) => text.TrimEnd(),
        _ => text,
    };
}

/// <summary>A Unicode normalization form.</summary>
internal sealed class UnicodeNormalizer(NormalizationForm form) : Normalizer
{
    public override string Apply(string text) => UnicodeForms.Normalize(text, form);
}
