using System.Text;
using System.Text.RegularExpressions;

namespace Pharos.Inference.Tokenization.PreTokenization;

/// <summary>
/// Tokenizer files are written for Oniguruma in Ruby's syntax over code points. This writes the same pattern for .NET: possessive
/// quantifiers as atomic groups, the long s where case is ignored, and supplementary characters, which .NET sees as two units,
/// as one private character each.
/// </summary>
internal sealed class RegexDialect
{
    private const char FirstPrivate = '\uE100';
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly string pattern;
    private readonly StringBuilder output = new();
    private readonly List<(int First, int Last)> supplementary = [];
    private readonly Stack<(int Start, bool IgnoresCase)> groups = new();
    private bool ignoresCase;
    private bool backtracks;
    private int at;

    private RegexDialect(string pattern) => this.pattern = pattern;

    /// <summary>Ranges of code points above U+FFFF that the pattern names; the one of index i is written as <see cref="Private"/>(i).</summary>
    public IReadOnlyList<(int First, int Last)> Supplementary => supplementary;

    /// <summary>The expression; in linear time whatever the text where .NET can express that.</summary>
    public Regex Expression { get; private set; } = null!;

    public static char Private(int index) => (char)(FirstPrivate + index);

    /// <param name="limit">Time that one text may take; ten seconds if not said.</param>
    /// <exception cref="ArgumentException">The pattern is broken, or means something that .NET cannot express.</exception>
    public static RegexDialect Translate(string pattern, TimeSpan? limit = null)
    {
        var dialect = new RegexDialect(pattern);
        dialect.Read();
        // A line ends before every \n in Ruby's syntax. The time limit is for patterns that nobody has published.
        dialect.Expression = new Regex(
            dialect.output.ToString(),
            RegexOptions.Multiline | RegexOptions.CultureInvariant | (dialect.backtracks ? RegexOptions.Compiled : RegexOptions.NonBacktracking),
            limit ?? Limit);
        return dialect;
    }

    private void Read()
    {
        int atom = 0; // where in the output the last atom begins
        while (at < pattern.Length)
        {
            char next = pattern[at];
            if (next is '?' or '*' or '+' || (next == '{' && QuantifierLength() > 0))
            {
                Quantifier(atom);
                continue;
            }
            atom = output.Length;
            switch (next)
            {
                case '(':
                    OpenGroup();
                    break;
                case ')':
                    (atom, ignoresCase) = groups.Count > 0 ? groups.Pop() : throw new ArgumentException("a parenthesis closes that none opened");
                    output.Append(next);
                    at++;
                    break;
                case '[':
                    CharacterSet();
                    break;
                default:
                    Character(inSet: false);
                    break;
            }
        }
    }

    private int QuantifierLength() => Regex.Match(pattern[at..Math.Min(pattern.Length, at + 16)], @"\A\{(\d+,?\d*|,\d+)\}").Length;

    private void Quantifier(int atom)
    {
        int length = pattern[at] == '{' ? QuantifierLength() : 1;
        output.Append(pattern, at, length);
        bool interval = length > 1;
        at += length;
        if (at >= pattern.Length || pattern[at] is not ('+' or '?'))
            return;
        if (pattern[at] == '?')
        {
            output.Append('?');
        }
        else
        {
            // After an interval Ruby's syntax reads the plus as one more quantifier.
            backtracks |= !interval;
            output.Insert(atom, interval ? "(?:" : "(?>").Append(interval ? ")+" : ")");
        }
        at++;
    }

    private void OpenGroup()
    {
        groups.Push((output.Length, ignoresCase));
        var rest = pattern.AsSpan(at);
        if (rest.StartsWith("(?i:"))
        {
            ignoresCase = true;
            output.Append("(?i:");
            at += 4;
            return;
        }
        if (rest.StartsWith("(?:"))
        {
            output.Append("(?:");
            at += 3;
            return;
        }
        foreach (string look in (string[])["(?!", "(?=", "(?<!", "(?<=", "(?>"])
        {
            if (!rest.StartsWith(look))
                continue;
            backtracks = true;
            output.Append(look);
            at += look.Length;
            return;
        }
        if (rest.StartsWith("(?"))
            throw new ArgumentException($"the group {rest[..Math.Min(4, rest.Length)]} is not known");
        output.Append("(?:");
        at++;
    }

    private void CharacterSet()
    {
        output.Append('[');
        at++;
        if (at < pattern.Length && pattern[at] == '^')
        {
            output.Append('^');
            at++;
        }
        while (at < pattern.Length && pattern[at] != ']')
        {
            if (pattern[at] == '[' || pattern.AsSpan(at).StartsWith("&&"))
                throw new ArgumentException("a set within a set, or an intersection of sets, is not known");
            Character(inSet: true);
        }
        if (at >= pattern.Length)
            throw new ArgumentException("a set is not closed");
        output.Append(']');
        at++;
    }

    private void Character(bool inSet)
    {
        char next = pattern[at];
        if (char.IsHighSurrogate(next) && at + 1 < pattern.Length)
        {
            int first = char.ConvertToUtf32(pattern, at), last = first;
            at += 2;
            if (inSet && at + 2 < pattern.Length && pattern[at] == '-' && char.IsHighSurrogate(pattern[at + 1]))
            {
                last = char.ConvertToUtf32(pattern, at + 1);
                at += 3;
            }
            output.Append(Private(supplementary.Count));
            supplementary.Add((first, last));
            return;
        }
        if (next == '\\')
        {
            int length = at + 2 < pattern.Length && pattern[at + 1] is 'p' or 'P' && pattern.IndexOf('}', at) is > 0 and var close ? close - at + 1 : 2;
            if (at + length > pattern.Length)
                throw new ArgumentException("the pattern ends in a backslash");
            output.Append(pattern, at, length);
            at += length;
            return;
        }
        if (ignoresCase && next is 's' or 'S')
            output.Append(inSet ? "sS\u017F" : "[sS\u017F]");
        else
            output.Append(next);
        at++;
    }
}
