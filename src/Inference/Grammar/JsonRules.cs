namespace Pharos.Inference.Grammar;

/// <summary>
/// The rules of JSON (RFC 8259) in the form that is generated: white space between tokens is one blank, or a line break and at most
/// <see cref="MostIndent"/> blanks; there is none before a comma or a colon, and a blank at most behind the latter, as nobody writes it otherwise and a model that
/// wants something the schema has no place for would wander about in it; numbers have at most <see cref="MostDigits"/> digits before and after the point and an exponent of two, so that
/// every reader takes them; strings are valid UTF-8, and their escapes name no half of a surrogate pair.
/// </summary>
internal sealed class JsonRules
{
    public const int MostDigits = 15;
    private const int MostIndent = 24;

    private readonly GrammarBuilder grammar;
    private readonly int digit;
    private readonly int blank;
    private readonly int space;
    private int? any;

    public JsonRules(GrammarBuilder grammar)
    {
        this.grammar = grammar;
        digit = grammar.Add();
        grammar.Byte(digit, (byte)'0', (byte)'9', GrammarBuilder.End);
        blank = grammar.Add();
        grammar.Byte(blank, ' ', GrammarBuilder.End);
        (space, int line) = (grammar.Add(), grammar.Add());
        grammar.Skip(space, GrammarBuilder.End);
        grammar.Byte(space, ' ', GrammarBuilder.End);
        grammar.Byte(space, '\n', line);
        grammar.Loop(line, blank, 0, MostIndent, GrammarBuilder.End);
        Character = CharacterRule();
        Integer = NumberRule(whole: true);
        Number = NumberRule(whole: false);
    }

    /// <summary>One character of a string: as it is, or escaped.</summary>
    public int Character { get; }

    public int Integer { get; }

    public int Number { get; }

    /// <summary>Any value.</summary>
    public int Any => any ??= AnyRule();

    /// <summary>Optional white space.</summary>
    public void Space(int from, int to) => grammar.Call(from, space, to);

    /// <summary>A bracket with optional white space before it.</summary>
    public void Mark(int from, char mark, int to)
    {
        int spaced = grammar.Add();
        Space(from, spaced);
        grammar.Byte(spaced, mark, to);
    }

    /// <summary>What separates a name from its value.</summary>
    public void Colon(int from, int to)
    {
        int said = grammar.Add();
        grammar.Byte(from, ':', said);
        grammar.Skip(said, to);
        grammar.Byte(said, ' ', to);
    }

    public void Digits(int from, int least, int? most, int to) => grammar.Loop(from, digit, least, most, to);

    /// <param name="least">Characters, an escape counting as one and a character outside the basic plane too.</param>
    /// <param name="most">Null: no limit.</param>
    public int String(int least = 0, int? most = null)
    {
        var (rule, inside, close) = (grammar.Add(), grammar.Add(), grammar.Add());
        grammar.Byte(rule, '"', inside);
        grammar.Loop(inside, Character, least, most, close);
        grammar.Byte(close, '"', GrammarBuilder.End);
        return rule;
    }

    /// <param name="element">Null: there are none.</param>
    public int Array(int? element, int least = 0, int? most = null)
    {
        var (rule, inside, close) = (grammar.Add(), grammar.Add(), grammar.Add());
        grammar.Byte(rule, '[', inside);
        Repeat(inside, element, least, most, close);
        Mark(close, ']', GrammarBuilder.End);
        return rule;
    }

    /// <summary>An object with any names.</summary>
    public int Map(int value)
    {
        var (rule, inside, close) = (grammar.Add(), grammar.Add(), grammar.Add());
        var (member, named, valued) = (grammar.Add(), grammar.Add(), grammar.Add());
        grammar.Call(member, String(), named);
        Colon(named, valued);
        grammar.Call(valued, value, GrammarBuilder.End);
        grammar.Byte(rule, '{', inside);
        Repeat(inside, member, 0, null, close);
        Mark(close, '}', GrammarBuilder.End);
        return rule;
    }

    /// <summary>A rule with optional white space before it.</summary>
    public void SpacedCall(int from, int rule, int to)
    {
        int spaced = grammar.Add();
        Space(from, spaced);
        grammar.Call(spaced, rule, to);
    }

    private void Repeat(int from, int? element, int least, int? most, int to)
    {
        if (least == 0)
            grammar.Skip(from, to);
        if (element is not { } rule || most == 0)
            return;
        var (more, next, first) = (grammar.Add(), grammar.Add(), grammar.Add());
        SpacedCall(from, rule, first);
        grammar.Byte(more, ',', next);
        SpacedCall(next, rule, GrammarBuilder.End);
        grammar.Loop(first, more, Math.Max(0, least - 1), most - 1, to);
    }

    private int NumberRule(bool whole)
    {
        var (rule, first, end) = (grammar.Add(), grammar.Add(), whole ? GrammarBuilder.End : grammar.Add());
        grammar.Skip(rule, first);
        grammar.Byte(rule, '-', first);
        grammar.Byte(first, '0', end);
        int more = grammar.Add();
        grammar.Byte(first, (byte)'1', (byte)'9', more);
        Digits(more, 0, MostDigits - 1, end);
        if (whole)
            return rule;
        var (point, fraction, mark, sign) = (grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add());
        grammar.Skip(end, fraction);
        grammar.Byte(end, '.', point);
        Digits(point, 1, MostDigits, fraction);
        grammar.Skip(fraction, GrammarBuilder.End);
        grammar.AnyOf(fraction, "eE", mark);
        grammar.Skip(mark, sign);
        grammar.AnyOf(mark, "+-", sign);
        Digits(sign, 1, 2, GrammarBuilder.End);
        return rule;
    }

    private int CharacterRule()
    {
        int rule = grammar.Add();
        Utf8.Range(grammar, rule, 0x20, 0x21, GrammarBuilder.End);
        Utf8.Range(grammar, rule, 0x23, 0x5B, GrammarBuilder.End);
        Utf8.Range(grammar, rule, 0x5D, 0x10FFFF, GrammarBuilder.End);
        var (escape, code) = (grammar.Add(), grammar.Add());
        grammar.Byte(rule, '\\', escape);
        grammar.AnyOf(escape, "\"\\/bfnrt", GrammarBuilder.End);
        grammar.Byte(escape, 'u', code);
        var (plain, surrogate) = (grammar.Add(), grammar.Add());
        grammar.AnyOf(code, "0123456789abcefABCEF", plain);
        HexDigits(plain, 3, GrammarBuilder.End);
        grammar.AnyOf(code, "dD", surrogate);
        var (basic, high, low, lowMark) = (grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add());
        grammar.AnyOf(surrogate, "01234567", basic);
        HexDigits(basic, 2, GrammarBuilder.End);
        grammar.AnyOf(surrogate, "89abAB", high);
        HexDigits(high, 2, low);
        grammar.Text(low, "\\u", lowMark);
        var (lowFirst, lowSecond) = (grammar.Add(), grammar.Add());
        grammar.AnyOf(lowMark, "dD", lowFirst);
        grammar.AnyOf(lowFirst, "cdefCDEF", lowSecond);
        HexDigits(lowSecond, 2, GrammarBuilder.End);
        return rule;
    }

    private void HexDigits(int from, int count, int to)
    {
        for (; count > 0; count--)
        {
            int next = count == 1 ? to : grammar.Add();
            grammar.AnyOf(from, "0123456789abcdefABCDEF", next);
            from = next;
        }
    }

    private int AnyRule()
    {
        int rule = grammar.Add();
        any = rule; // its arrays and objects hold it
        grammar.Texts(rule, ["true", "false", "null"], GrammarBuilder.End);
        grammar.Call(rule, String(), GrammarBuilder.End);
        grammar.Call(rule, Number, GrammarBuilder.End);
        grammar.Call(rule, Array(rule), GrammarBuilder.End, recurs: true);
        grammar.Call(rule, Map(rule), GrammarBuilder.End, recurs: true);
        return rule;
    }
}
