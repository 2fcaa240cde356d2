using System.Text;

namespace Pharos.Inference.Chat;

/// <summary>
/// Reads one JSON value a character at a time and knows at every moment whether what came so far can still become valid JSON, and
/// what would close it. That is what lets arguments be passed on as they are generated without ever being broken.
/// </summary>
internal sealed class JsonPrefix
{
    private const int MaxDepth = 60; // below the 64 of System.Text.Json, which reads the same text later

    private enum Expect
    {
        Value,
        FirstElement,
        FirstKey,
        Key,
        Colon,
        CommaOrEnd,
        String,
        Escape,
        Unicode,
        Number,
        Literal,
        Nothing,
    }

    private enum NumberPart
    {
        Minus,
        Zero,
        Integer,
        Point,
        Fraction,
        Exponent,
        ExponentSign,
        ExponentDigits,
    }

    private readonly Stack<bool> _open = new(); // true: object
    private Expect _expect = Expect.Value;
    private NumberPart _number;
    private bool _stringIsKey;
    private int _unicodeDigits;
    private string _literal = "";
    private int _literalRead;

    /// <summary>Objects and arrays that are open.</summary>
    public int Depth => _open.Count;

    /// <summary>An object has been read completely.</summary>
    public bool IsComplete => _expect == Expect.Nothing;

    /// <summary>Takes the next character; false when no valid JSON begins like this. Nothing may follow a false.</summary>
    public bool Accept(char c)
    {
        switch (_expect)
        {
            case Expect.String:
                return AcceptInString(c);
            case Expect.Escape:
                _expect = c == 'u' ? Expect.Unicode : Expect.String;
                _unicodeDigits = 0;
                return "\"\\/bfnrtu".Contains(c, StringComparison.Ordinal);
            case Expect.Unicode:
                if (++_unicodeDigits == 4)
                    _expect = Expect.String;
                return char.IsAsciiHexDigit(c);
            case Expect.Literal:
                if (_literal[_literalRead] != c)
                    return false;
                if (++_literalRead == _literal.Length)
                    EndValue();
                return true;
            case Expect.Number:
                if (AcceptInNumber(c))
                    return true;
                if (!NumberIsWhole)
                    return false;
                EndValue();
                return Accept(c);
        }
        return c is ' ' or '\t' or '\n' or '\r' || AcceptStructure(c);
    }

    /// <summary>The shortest text that makes what came so far a valid value. Only after an opening brace or bracket.</summary>
    public string Closing()
    {
        var closing = new StringBuilder();
        switch (_expect)
        {
            case Expect.Value:
                closing.Append("null");
                break;
            case Expect.Key:
                closing.Append("\"\":null");
                break;
            case Expect.Colon:
                closing.Append(":null");
                break;
            case Expect.Literal:
                closing.Append(_literal, _literalRead, _literal.Length - _literalRead);
                break;
            case Expect.Number when !NumberIsWhole:
                closing.Append('0');
                break;
            case Expect.Escape:
                closing.Append('\\').Append(EndOfString);
                break;
            case Expect.Unicode:
                closing.Append('0', 4 - _unicodeDigits).Append(EndOfString);
                break;
            case Expect.String:
                closing.Append(EndOfString);
                break;
        }
        foreach (var isObject in _open)
            closing.Append(isObject ? '}' : ']');
        return closing.ToString();
    }

    private string EndOfString => _stringIsKey ? "\":null" : "\"";

    private bool NumberIsWhole => _number is NumberPart.Zero or NumberPart.Integer or NumberPart.Fraction or NumberPart.ExponentDigits;

    private bool AcceptStructure(char c)
    {
        switch (_expect)
        {
            case Expect.FirstElement when c == ']':
            case Expect.FirstKey when c == '}':
            case Expect.CommaOrEnd when c == (_open.Peek() ? '}' : ']'):
                _open.Pop();
                EndValue();
                return true;
            case Expect.FirstKey or Expect.Key when c == '"':
                _stringIsKey = true;
                _expect = Expect.String;
                return true;
            case Expect.Colon when c == ':':
                _expect = Expect.Value;
                return true;
            case Expect.CommaOrEnd when c == ',':
                _expect = _open.Peek() ? Expect.Key : Expect.Value;
                return true;
            case Expect.Value or Expect.FirstElement:
                return StartValue(c);
            default:
                return false;
        }
    }

    private bool StartValue(char c)
    {
        switch (c)
        {
            case '{' or '[':
                _open.Push(c == '{');
                _expect = c == '{' ? Expect.FirstKey : Expect.FirstElement;
                return _open.Count <= MaxDepth;
            case '"':
                _stringIsKey = false;
                _expect = Expect.String;
                return true;
            case 't' or 'f' or 'n':
                _literal = c switch { 't' => "true", 'f' => "false", _ => "null" };
                _literalRead = 1;
                _expect = Expect.Literal;
                return true;
            case '-' or (>= '0' and <= '9'):
                _number = c switch { '-' => NumberPart.Minus, '0' => NumberPart.Zero, _ => NumberPart.Integer };
                _expect = Expect.Number;
                return true;
            default:
                return false;
        }
    }

    private bool AcceptInString(char c)
    {
        if (c == '"')
        {
            if (_stringIsKey)
                _expect = Expect.Colon;
            else
                EndValue();
        }
        else if (c == '\\')
        {
            _expect = Expect.Escape;
        }
        return c >= ' ';
    }

    private bool AcceptInNumber(char c)
    {
        NumberPart? next = (_number, c) switch
        {
            (NumberPart.Minus, '0') => NumberPart.Zero,
            (NumberPart.Minus or NumberPart.Integer, >= '0' and <= '9') => NumberPart.Integer,
            (NumberPart.Zero or NumberPart.Integer, '.') => NumberPart.Point,
            (NumberPart.Point or NumberPart.Fraction, >= '0' and <= '9') => NumberPart.Fraction,
            (NumberPart.Zero or NumberPart.Integer or NumberPart.Fraction, 'e' or 'E') => NumberPart.Exponent,
            (NumberPart.Exponent, '+' or '-') => NumberPart.ExponentSign,
            (NumberPart.Exponent or NumberPart.ExponentSign or NumberPart.ExponentDigits, >= '0' and <= '9') => NumberPart.ExponentDigits,
            _ => null,
        };
        _number = next ?? _number;
        return next is not null;
    }

    private void EndValue() => _expect = _open.Count == 0 ? Expect.Nothing : Expect.CommaOrEnd;
}
