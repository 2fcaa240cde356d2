using System.Globalization;
using System.Text;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>
/// Cuts a template into tokens, with white space as chat templates are rendered everywhere: <c>trim_blocks</c> (the line break after a block
/// goes) and <c>lstrip_blocks</c> (the blanks before a block at the beginning of its line go), and <c>-</c> and <c>+</c> at every mark.
/// </summary>
internal sealed class JinjaLexer
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", "=", "<", ">", "(", ")", "[", "]", "{", "}"];

    private readonly string source;
    private readonly List<JinjaToken> tokens = [];
    private readonly StringBuilder data = new();
    private JinjaPosition dataAt;
    private int at;
    private int line = 1, lineStart;

    private JinjaLexer(string source) => this.source = source;

    /// <exception cref="JinjaException">A mark is not closed, or a character has no meaning.</exception>
    public static List<JinjaToken> Read(string template)
    {
        var source = template.ReplaceLineEndings("\n");
        if (source.EndsWith('\n'))
            source = source[..^1]; // a template's last line break is its file's
        var lexer = new JinjaLexer(source);
        lexer.ReadAll();
        return lexer.tokens;
    }

    private JinjaPosition Here => new(line, at - lineStart + 1);

    private void ReadAll()
    {
        var lineBegins = true; // only blanks stand between the beginning of the line and here, as the text now read goes
        while (at < source.Length)
        {
            var mark = NextMark();
            var text = source[at..mark];
            var sign = mark + 2 < source.Length ? source[mark + 2] : '\0';
            if (mark < source.Length)
                text = sign == '-' ? TrimEnd(text) : sign != '+' && source[mark + 1] != '{' ? WithoutIndent(text, lineBegins) : text;
            AddData(text);
            Advance(mark);
            if (mark == source.Length)
                break;
            lineBegins = ReadMark(source[mark + 1], sign is '-' or '+' ? 3 : 2);
        }
        FlushData();
        tokens.Add(new JinjaToken(JinjaTokenKind.End, "", Here));
    }

    private int NextMark()
    {
        for (var i = at; ; i++)
        {
            i = source.IndexOf('{', i);
            if (i < 0 || i + 1 == source.Length)
                return source.Length;
            if (source[i + 1] is '{' or '%' or '#')
                return i;
        }
    }

    private static string WithoutIndent(string text, bool lineBegins)
    {
        var start = text.LastIndexOf('\n') + 1;
        return (start > 0 || lineBegins) && text.AsSpan(start).Trim(" \t\r\f\v").IsEmpty ? text[..start] : text;
    }

    /// <returns>Whether what follows begins a line.</returns>
    private bool ReadMark(char kind, int length)
    {
        var opened = Here;
        Advance(at + length);
        if (kind == '#')
        {
            var end = source.IndexOf("#}", at, StringComparison.Ordinal);
            if (end < 0)
                throw new JinjaException("the comment is not closed; expected '#}'.", opened);
            var strips = end > at && source[end - 1] == '-';
            Advance(end + 2);
            return AfterEnd(strips ? '-' : '\0', trimsLine: true);
        }
        if (kind == '%' && TryReadRaw(opened, out var rawBegins))
            return rawBegins;
        FlushData();
        tokens.Add(new JinjaToken(kind == '%' ? JinjaTokenKind.BlockBegin : JinjaTokenKind.OutputBegin, "", opened));
        var sign = ReadInside(kind == '%' ? "%}" : "}}", opened);
        tokens.Add(new JinjaToken(kind == '%' ? JinjaTokenKind.BlockEnd : JinjaTokenKind.OutputEnd, "", Here));
        return AfterEnd(sign, trimsLine: kind == '%');
    }

    /// <summary>White space after a closing mark; says whether a line begins there.</summary>
    private bool AfterEnd(char sign, bool trimsLine)
    {
        var from = at;
        if (sign == '-')
        {
            while (at < source.Length && IsSpace(source[at]))
                Advance(at + 1);
        }
        else if (trimsLine && sign != '+' && at < source.Length && source[at] == '\n')
        {
            Advance(at + 1);
        }
        return at > from && source[at - 1] == '\n';
    }

    private bool TryReadRaw(JinjaPosition opened, out bool lineBegins)
    {
        lineBegins = false;
        var (end, sign) = EndOfBlock(at, "raw");
        if (end < 0)
            return false;
        Advance(end);
        AfterEnd(sign, trimsLine: false);
        for (var i = at; ; i++)
        {
            i = source.IndexOf("{%", i, StringComparison.Ordinal);
            if (i < 0)
                throw new JinjaException("'raw' is not closed; expected '{% endraw %}'.", opened);
            var begin = i + 2 < source.Length ? source[i + 2] : '\0';
            var (close, closeSign) = EndOfBlock(i + (begin is '-' or '+' ? 3 : 2), "endraw");
            if (close < 0)
                continue;
            var text = source[at..i];
            AddData(begin == '-' ? TrimEnd(text) : begin == '+' ? text : WithoutIndent(text, lineBegins: false));
            Advance(close);
            lineBegins = AfterEnd(closeSign, trimsLine: true);
            return true;
        }
    }

    /// <summary>Where the block ends that has this one word; -1 where another begins here.</summary>
    private (int End, char Sign) EndOfBlock(int from, string word)
    {
        var rest = source.AsSpan(from).TrimStart();
        var start = source.Length - rest.Length;
        if (!rest.StartsWith(word, StringComparison.Ordinal))
            return (-1, '\0');
        rest = rest[word.Length..].TrimStart();
        var sign = rest.Length > 0 && rest[0] is '-' or '+' ? rest[0] : '\0';
        if (sign != '\0')
            rest = rest[1..];
        return rest.StartsWith("%}", StringComparison.Ordinal) && start > 0 ? (source.Length - rest.Length + 2, sign) : (-1, '\0');
    }

    /// <returns>The sign at the closing mark.</returns>
    private char ReadInside(string end, JinjaPosition opened)
    {
        var depth = 0;
        while (true)
        {
            while (at < source.Length && IsSpace(source[at]))
                Advance(at + 1);
            if (at == source.Length)
                throw new JinjaException($"'{(end == "%}" ? "{%" : "{{")}' is not closed; expected '{end}'.", opened);
            var rest = source.AsSpan(at);
            if (depth == 0 && rest.StartsWith(end, StringComparison.Ordinal))
            {
                Advance(at + 2);
                return '\0';
            }
            if (depth == 0 && rest[0] is '-' or '+' && rest[1..].StartsWith(end, StringComparison.Ordinal))
            {
                var sign = rest[0];
                Advance(at + 3);
                return sign;
            }
            depth += ReadOne(rest);
        }
    }

    private int ReadOne(ReadOnlySpan<char> rest)
    {
        var (first, here) = (rest[0], Here);
        if (first is '"' or '\'')
        {
            ReadString(first, here);
            return 0;
        }
        if (char.IsAsciiDigit(first))
        {
            ReadNumber(here);
            return 0;
        }
        var length = 0;
        while (length < rest.Length && (rest[length] == '_' || char.IsLetterOrDigit(rest[length])))
            length++;
        if (length > 0)
        {
            Take(JinjaTokenKind.Name, length, here);
            return 0;
        }
        foreach (var op in Operators)
        {
            if (!rest.StartsWith(op, StringComparison.Ordinal))
                continue;
            Take(JinjaTokenKind.Operator, op.Length, here);
            return op is "(" or "[" or "{" ? 1 : op is ")" or "]" or "}" ? -1 : 0;
        }
        throw new JinjaException($"the character '{first}' has no meaning here.", here);
    }

    private void Take(JinjaTokenKind kind, int length, JinjaPosition here)
    {
        tokens.Add(new JinjaToken(kind, source.Substring(at, length), here));
        Advance(at + length);
    }

    private void ReadNumber(JinjaPosition here)
    {
        var end = at;
        var isFloat = false;
        while (end < source.Length && (char.IsAsciiDigit(source[end]) || source[end] == '_'))
            end++;
        if (end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
        {
            isFloat = true;
            for (end++; end < source.Length && char.IsAsciiDigit(source[end]);)
                end++;
        }
        if (end < source.Length && source[end] is 'e' or 'E')
        {
            var digits = end + 1 < source.Length && source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (digits < source.Length && char.IsAsciiDigit(source[digits]))
            {
                isFloat = true;
                for (end = digits; end < source.Length && char.IsAsciiDigit(source[end]);)
                    end++;
            }
        }
        Take(isFloat ? JinjaTokenKind.Float : JinjaTokenKind.Integer, end - at, here);
    }

    private void ReadString(char quote, JinjaPosition here)
    {
        var text = new StringBuilder();
        var i = at + 1;
        for (; i < source.Length && source[i] != quote; i++)
        {
            if (source[i] == '\\' && i + 1 < source.Length)
                i = ReadEscape(i + 1, text);
            else
                text.Append(source[i]);
        }
        if (i == source.Length)
            throw new JinjaException($"the text is not closed; expected {quote}.", here);
        Advance(i + 1);
        tokens.Add(new JinjaToken(JinjaTokenKind.String, text.ToString(), here));
    }

    /// <summary>Python's escapes; one it does not know stays as it is written.</summary>
    /// <returns>The last character of the escape.</returns>
    private int ReadEscape(int i, StringBuilder text)
    {
        var c = source[i];
        var digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0 && i + digits < source.Length
            && int.TryParse(source.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && code <= 0x10FFFF)
        {
            text.Append(code is < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32(code));
            return i + digits;
        }
        if (c is >= '0' and <= '7')
        {
            var (value, end) = (0, i);
            while (end < source.Length && end < i + 3 && source[end] is >= '0' and <= '7')
                value = value * 8 + (source[end++] - '0');
            text.Append((char)value);
            return end - 1;
        }
        text.Append(c switch
        {
            'n' => "\n", 't' => "\t", 'r' => "\r", 'b' => "\b", 'f' => "\f", 'v' => "\v", 'a' => "\a", '\n' => "",
            '\\' or '\'' or '"' => c.ToString(),
            _ => "\\" + c,
        });
        return i;
    }

    private void AddData(string text)
    {
        if (data.Length == 0)
            dataAt = Here;
        data.Append(text);
    }

    private void FlushData()
    {
        if (data.Length > 0)
            tokens.Add(new JinjaToken(JinjaTokenKind.Data, data.ToString(), dataAt));
        data.Clear();
    }

    private void Advance(int to)
    {
        for (; at < to; at++)
        {
            if (source[at] != '\n')
                continue;
            line++;
            lineStart = at + 1;
        }
    }

    private static bool IsSpace(char c) => MarkedText.IsSpace(c);

    private static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
            end--;
        return text[..end];
    }
}
