using System.Text;

namespace Pharos.Inference.Tokenization.PreTokenization;

/// <summary>
/// A pattern from the file. .NET's expressions see UTF-16 units; a text with supplementary characters is therefore matched
/// in a projection that has one unit for each code point, of the same general category.
/// </summary>
/// <param name="limit">Time that one text may take; ten seconds if not said.</param>
/// <exception cref="ArgumentException">The pattern cannot be expressed.</exception>
internal sealed class RegexFinder(string pattern, TimeSpan? limit = null) : PieceFinder
{
    /// <summary>Units that stand for supplementary code points, by category. None is in ASCII or in a script that patterns name.</summary>
    private const string Representatives =
        "\u00C0\u00E0\u01C5\u02B0\u01BB\u0300\u0903\u0488\u0660\u2160\u00B2\u2003\u2028\u2029\u0080\u00AD\uD800\uE000\u203F\u2010\u0F3A\u0F3B\u00AB\u00BB\u00A1\u00AC\u00A2\u00A8\u00A6\u0378";

    private const char CaselessLetter = '\u01BB';

    private readonly RegexDialect dialect = RegexDialect.Translate(pattern, limit);

    public override void Find(ReadOnlySpan<char> text, List<Range> matches)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            foreach (var match in dialect.Expression.EnumerateMatches(text))
            {
                if (match.Length > 0)
                    matches.Add(match.Index..(match.Index + match.Length));
            }
            return;
        }
        var projection = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        for (int at = 0, width; at < text.Length; at += width)
        {
            width = CharClasses.Width(text, at);
            starts.Add(at);
            projection.Append(width == 1 ? text[at] : Represent(new Rune(text[at], text[at + 1])));
        }
        starts.Add(text.Length);
        foreach (var match in dialect.Expression.EnumerateMatches(projection.ToString()))
        {
            if (match.Length > 0)
                matches.Add(starts[match.Index]..starts[match.Index + match.Length]);
        }
    }

    private char Represent(Rune point)
    {
        var named = dialect.Supplementary;
        for (int i = 0; i < named.Count; i++)
        {
            if (point.Value >= named[i].First && point.Value <= named[i].Last)
                return RegexDialect.Private(i);
        }
        int category = (int)Rune.GetUnicodeCategory(point);
        // A pattern that spells out the supplementary letters it wants spells out the others too: no cased letter may stand for the rest.
        return named.Count > 0 && category < 3 ? CaselessLetter : Representatives[category];
    }
}
