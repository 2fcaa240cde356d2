using System.Globalization;

namespace Pharos.Inference.Grammar;

/// <summary>A pattern, and which ends of it are the ends of the text.</summary>
internal readonly record struct AnchoredPattern(Pattern Body, bool Starts, bool Ends);

/// <summary>
/// Reads the regular expressions of ECMA-262 as far as they are regular: characters, classes, groups, alternatives, quantifiers, and anchors at the
/// ends of the pattern. What they lack (look-around, back-references, word boundaries, Unicode properties) is refused by name.
/// </summary>
internal sealed class PatternReader
{
    private const int MostCharacters = 2000;
    private const int MostRepeats = 10_000;
    private const int MaxDepth = 50;

    private readonly string text;
    private int at;
    private int depth;

    private PatternReader(string text) => this.text = text;

    /// <returns>The alternatives.</returns>
    /// <exception cref="FormatException">What is not supported or wrong, as a sentence without its subject.</exception>
    public static IReadOnlyList<AnchoredPattern> Read(string pattern)
    {
        if (pattern.Length > MostCharacters)
            throw new FormatException($"has {pattern.Length} characters; at most {MostCharacters} are supported");
        var reader = new PatternReader(pattern);
        var alternatives = new List<AnchoredPattern>();
        do
        {
            bool starts = reader.Takes('^');
            var body = reader.Sequence();
            alternatives.Add(new AnchoredPattern(body, starts, reader.Takes('$')));
        }
        while (reader.Takes('|'));
        return reader.at == pattern.Length ? alternatives : throw reader.Wrong(pattern[reader.at] == ')' ? "closes no group" : "is not supported there; anchors stand at the ends of the pattern");
    }

    private Pattern Choice()
    {
        if (++depth > MaxDepth)
            throw new FormatException($"nests more than {MaxDepth} groups");
        var alternatives = new List<Pattern> { Sequence() };
        while (Takes('|'))
            alternatives.Add(Sequence());
        depth--;
        return alternatives is [var only] ? only : new Pattern.Choice(alternatives);
    }

    private Pattern Sequence()
    {
        var parts = new List<Pattern>();
        while (at < text.Length && text[at] is not ('|' or ')' or '^' or '$'))
            parts.Add(Quantified(Atom()));
        return parts is [var only] ? only : new Pattern.Sequence(parts);
    }

    private Pattern Quantified(Pattern atom)
    {
        var repeated = atom;
        if (Takes('*'))
            repeated = new Pattern.Repeat(atom, 0, null);
        else if (Takes('+'))
            repeated = new Pattern.Repeat(atom, 1, null);
        else if (Takes('?'))
            repeated = new Pattern.Repeat(atom, 0, 1);
        else if (at < text.Length && text[at] == '{')
            repeated = Counted(atom);
        else
            return atom;
        Takes('?'); // lazy: the same texts
        return at < text.Length && text[at] is '*' or '+' or '?' ? throw Wrong("has nothing to repeat") : repeated;
    }

    private Pattern.Repeat Counted(Pattern atom)
    {
        at++;
        int least = Count();
        int? most = least;
        if (Takes(','))
            most = at < text.Length && text[at] == '}' ? null : Count();
        if (!Takes('}') || most < least)
            throw new FormatException("has a quantifier that is none; expected {n}, {n,} or {n,m}");
        return new Pattern.Repeat(atom, least, most);
    }

    private int Count()
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= MostRepeats
            ? count : throw new FormatException($"has a quantifier that is none; expected {{n,m}} with numbers up to {MostRepeats}");
    }

    private Pattern Atom()
    {
        switch (text[at])
        {
            case '(':
                return Group();
            case '[':
                at++;
                return new Pattern.Set(Class());
            case '.':
                at++;
                return new Pattern.Set(CharacterRanges.Dot);
            case '\\':
                return new Pattern.Set(Escape());
            case '*' or '+' or '?':
                throw Wrong("has nothing to repeat");
            default:
                return new Pattern.Set([One(Character())]);
        }
    }

    private Pattern Group()
    {
        at++;
        if (Takes('?') && !Takes(':'))
        {
            bool named = at + 1 < text.Length && text[at] == '<' && text[at + 1] is not ('=' or '!');
            int end = named ? text.IndexOf('>', at) : -1;
            if (end < 0)
                throw new FormatException($"uses '(?{(at < text.Length ? text[at..Math.Min(at + 2, text.Length)] : "")}', which is not supported: look-around and flags are not regular");
            at = end + 1;
        }
        var body = Choice();
        return Takes(')') ? body : throw new FormatException(at < text.Length ? "has an anchor within a group, which is not supported: anchors stand at the ends of the pattern" : "has a group that is not closed");
    }

    private IReadOnlyList<(int Low, int High)> Class()
    {
        bool negated = Takes('^');
        var ranges = new List<(int Low, int High)>();
        while (!Takes(']'))
        {
            if (at >= text.Length)
                throw new FormatException("has a class that is not closed");
            var low = Member();
            if (at + 1 < text.Length && text[at] == '-' && text[at + 1] != ']' && low is [var first] && first.Low == first.High)
            {
                at++;
                var high = Member();
                if (high is not [var last] || last.Low != last.High || last.Low < first.Low)
                    throw new FormatException("has a class with a range out of order");
                ranges.Add((first.Low, last.Low));
                continue;
            }
            ranges.AddRange(low);
        }
        var set = negated ? CharacterRanges.Without(ranges) : CharacterRanges.Union(ranges);
        return set.Count > 0 ? set : throw new FormatException("has a class that no character is of");
    }

    private IReadOnlyList<(int Low, int High)> Member()
    {
        if (text[at] != '\\')
            return [One(Character())];
        if (at + 1 < text.Length && text[at + 1] == 'b')
        {
            at += 2;
            return [One('\b')]; // within a class a backspace
        }
        return Escape();
    }

    private IReadOnlyList<(int Low, int High)> Escape()
    {
        at++;
        if (at >= text.Length)
            throw new FormatException("ends in a backslash");
        char escaped = text[at++];
        switch (escaped)
        {
            case 'd': return CharacterRanges.Digits;
            case 'D': return CharacterRanges.Without(CharacterRanges.Digits);
            case 'w': return CharacterRanges.Words;
            case 'W': return CharacterRanges.Without(CharacterRanges.Words);
            case 's': return CharacterRanges.Spaces;
            case 'S': return CharacterRanges.Without(CharacterRanges.Spaces);
            case 'n': return [One('\n')];
            case 'r': return [One('\r')];
            case 't': return [One('\t')];
            case 'f': return [One('\f')];
            case 'v': return [One('\v')];
            case '0' when at >= text.Length || !char.IsAsciiDigit(text[at]): return [One('\0')];
            case 'x': return [One(Hex(2))];
            case 'u': return [One(Unicode())];
            default:
                return char.IsAsciiLetterOrDigit(escaped) || char.IsSurrogate(escaped)
                    ? throw new FormatException($"uses '\\{escaped}', which is not supported")
                    : [One(escaped)];
        }
    }

    private int Unicode()
    {
        if (Takes('{'))
        {
            int end = text.IndexOf('}', at);
            if (end < 0 || !int.TryParse(text.AsSpan(at, end - at), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point) || point is < 0 or > 0x10FFFF)
                throw new FormatException("has a \\u{...} that is no character");
            at = end + 1;
            return point;
        }
        int unit = Hex(4);
        if (!char.IsHighSurrogate((char)unit) || at + 1 >= text.Length || text[at] != '\\' || text[at + 1] != 'u')
            return unit;
        at += 2;
        int low = Hex(4);
        return char.IsLowSurrogate((char)low) ? char.ConvertToUtf32((char)unit, (char)low) : throw new FormatException("holds half of a surrogate pair");
    }

    private int Hex(int digits)
    {
        if (at + digits > text.Length || !int.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value))
            throw new FormatException($"has an escape that wants {digits} hexadecimal digits");
        at += digits;
        return value;
    }

    private int Character()
    {
        if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            at += 2;
            return char.ConvertToUtf32(text[at - 2], text[at - 1]);
        }
        return text[at++];
    }

    private static (int, int) One(int character) => (character, character);

    private bool Takes(char one)
    {
        if (at >= text.Length || text[at] != one)
            return false;
        at++;
        return true;
    }

    private FormatException Wrong(string because) => new($"has a '{text[at]}' at character {at + 1} that {because}");
}
