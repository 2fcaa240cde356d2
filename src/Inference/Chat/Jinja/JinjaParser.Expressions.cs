using System.Globalization;

namespace Pharos.Inference.Chat.Jinja;

// Expressions, from what binds least to what binds most.
internal sealed partial class JinjaParser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private T Nested<T>(Func<T> read)
    {
        if (++depth > MaxDepth)
            throw new JinjaException($"it is nested more than {MaxDepth} levels deep.", Peek.At);
        var value = read();
        depth--;
        return value;
    }

    /// <summary>An expression, or several with commas between them: a tuple.</summary>
    private JinjaExpression ReadTuple(bool allowsConditional = true)
    {
        var first = allowsConditional ? ReadExpression() : ReadOr();
        if (!Peek.Is(","))
            return first;
        var items = new List<JinjaExpression> { first };
        while (TakeOperator(",") && Peek.Kind is not (JinjaTokenKind.BlockEnd or JinjaTokenKind.OutputEnd) && !Peek.Is(")"))
            items.Add(allowsConditional ? ReadExpression() : ReadOr());
        return new JinjaListOf(first.At, items, IsTuple: true);
    }

    private JinjaExpression ReadExpression() => Nested(ReadConditional);

    private JinjaExpression ReadConditional()
    {
        var value = ReadOr();
        while (Peek.IsName("if"))
        {
            var at = Take().At;
            var condition = ReadOr();
            value = new JinjaConditional(at, condition, value, TakeName("else") ? ReadExpression() : null);
        }
        return value;
    }

    private JinjaExpression ReadOr()
    {
        var left = ReadAnd();
        while (Peek.IsName("or"))
            left = new JinjaChoice(Take().At, left, ReadAnd(), IsAnd: false);
        return left;
    }

    private JinjaExpression ReadAnd()
    {
        var left = ReadNot();
        while (Peek.IsName("and"))
            left = new JinjaChoice(Take().At, left, ReadNot(), IsAnd: true);
        return left;
    }

    private JinjaExpression ReadNot() =>
        Peek.IsName("not") ? new JinjaNot(Take().At, Nested(ReadNot)) : ReadComparison();

    private JinjaExpression ReadComparison()
    {
        var first = ReadSum();
        var at = Peek.At;
        var rest = new List<(string, JinjaExpression)>();
        while (TakeComparison() is { } op)
            rest.Add((op, ReadSum()));
        return rest.Count == 0 ? first : new JinjaComparison(at, first, rest);
    }

    private string? TakeComparison()
    {
        if (Peek.Kind == JinjaTokenKind.Operator && Comparisons.Contains(Peek.Text))
            return Take().Text;
        if (TakeName("in"))
            return "in";
        if (!Peek.IsName("not") || !tokens[next + 1].IsName("in"))
            return null;
        next += 2;
        return "not in";
    }

    private JinjaExpression ReadSum()
    {
        var left = ReadJoin();
        while (Peek.Is("+") || Peek.Is("-"))
            left = Arithmetic(left, ReadJoin);
        return left;
    }

    private JinjaExpression ReadJoin()
    {
        var first = ReadProduct();
        if (!Peek.Is("~"))
            return first;
        var at = Peek.At;
        var parts = new List<JinjaExpression> { first };
        while (TakeOperator("~"))
            parts.Add(ReadProduct());
        return new JinjaJoin(at, parts);
    }

    private JinjaExpression ReadProduct()
    {
        var left = ReadPower();
        while (Peek.Is("*") || Peek.Is("/") || Peek.Is("//") || Peek.Is("%"))
            left = Arithmetic(left, ReadPower);
        return left;
    }

    private JinjaExpression ReadPower()
    {
        var left = ReadUnary();
        while (Peek.Is("**"))
            left = Arithmetic(left, () => ReadUnary());
        return left;
    }

    private JinjaArithmetic Arithmetic(JinjaExpression left, Func<JinjaExpression> right)
    {
        var op = Take();
        return new JinjaArithmetic(op.At, op.Text, left, right());
    }

    private JinjaExpression ReadUnary(bool withFilters = true)
    {
        var value = Peek.Is("-") || Peek.Is("+")
            ? Take() is var sign ? new JinjaSign(sign.At, Nested(() => ReadUnary(withFilters: false)), sign.Text == "-") : null!
            : ReadPostfix(ReadPrimary());
        return withFilters ? ReadFilters(value) : value;
    }

    private JinjaExpression ReadPrimary()
    {
        var token = Take();
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new JinjaLiteral(token.At, true),
                    "false" or "False" => new JinjaLiteral(token.At, false),
                    "none" or "None" => new JinjaLiteral(token.At, null),
                    _ => new JinjaName(token.At, token.Text),
                };
            case JinjaTokenKind.String:
                var text = token.Text;
                while (Peek.Kind == JinjaTokenKind.String)
                    text += Take().Text;
                return new JinjaLiteral(token.At, MarkedText.Own(text));
            case JinjaTokenKind.Integer:
                return long.TryParse(token.Text.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
                    ? new JinjaLiteral(token.At, whole) : throw new JinjaException($"the integer {token.Text} does not fit 64 bits.", token.At);
            case JinjaTokenKind.Float:
                return new JinjaLiteral(token.At, double.Parse(token.Text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
            case JinjaTokenKind.Operator when token.Text == "(":
                return ReadParenthesis(token);
            case JinjaTokenKind.Operator when token.Text == "[":
                return new JinjaListOf(token.At, ReadUntil("]", ReadExpression), IsTuple: false);
            case JinjaTokenKind.Operator when token.Text == "{":
                return new JinjaMapOf(token.At, ReadUntil("}", () =>
                {
                    var key = ReadExpression();
                    RequireOperator(":");
                    return (key, ReadExpression());
                }));
            default:
                throw Unexpected(token, "an expression");
        }
    }

    private JinjaExpression ReadParenthesis(JinjaToken opened)
    {
        if (TakeOperator(")"))
            return new JinjaListOf(opened.At, [], IsTuple: true);
        var value = ReadTuple();
        RequireOperator(")");
        return value;
    }

    private List<T> ReadUntil<T>(string end, Func<T> read)
    {
        var items = new List<T>();
        while (!TakeOperator(end))
        {
            if (items.Count > 0)
            {
                RequireOperator(",");
                if (TakeOperator(end))
                    break;
            }
            items.Add(read());
        }
        return items;
    }

    private JinjaExpression ReadPostfix(JinjaExpression value)
    {
        while (true)
        {
            var at = Peek.At;
            if (TakeOperator("."))
            {
                var name = Take();
                value = name.Kind switch
                {
                    JinjaTokenKind.Name => new JinjaAttribute(at, value, name.Text),
                    JinjaTokenKind.Integer => new JinjaItem(at, value, new JinjaLiteral(name.At, long.Parse(name.Text, CultureInfo.InvariantCulture))),
                    _ => throw Unexpected(name, "a name"),
                };
            }
            else if (TakeOperator("["))
            {
                value = ReadSubscript(at, value);
            }
            else if (Peek.Is("("))
            {
                value = new JinjaCall(at, value, ReadArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression ReadSubscript(JinjaPosition at, JinjaExpression of)
    {
        var bounds = new JinjaExpression?[3];
        var parts = 0;
        while (true)
        {
            if (!Peek.Is(":") && !Peek.Is("]"))
                bounds[parts] = ReadExpression();
            if (!TakeOperator(":"))
                break;
            if (++parts == bounds.Length)
                throw Unexpected(Peek, "']'");
        }
        RequireOperator("]");
        if (parts > 0)
            return new JinjaSlice(at, of, bounds[0], bounds[1], bounds[2]);
        return new JinjaItem(at, of, bounds[0] ?? throw new JinjaException("expected an index within '[]'.", at));
    }

    /// <summary>Filters and tests after a value.</summary>
    private JinjaExpression ReadFilters(JinjaExpression value)
    {
        while (true)
        {
            if (TakeOperator("|"))
            {
                var (filter, at) = ReadFilterName();
                value = new JinjaFilterCall(at, value, filter, Peek.Is("(") ? ReadArguments() : JinjaArgumentList.None);
            }
            else if (TakeName("is"))
            {
                value = ReadTest(value);
            }
            else if (Peek.Is("("))
            {
                value = new JinjaCall(Peek.At, value, ReadArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private (JinjaFilter Filter, JinjaPosition At) ReadFilterName()
    {
        var name = RequireName();
        return (JinjaFilter.Find(name.Text) ?? throw new JinjaException($"the filter '{name.Text}' is not supported.", name.At), name.At);
    }

    private JinjaExpression ReadTest(JinjaExpression value)
    {
        var isNot = TakeName("not");
        var name = RequireName();
        var test = JinjaTest.Find(name.Text) ?? throw new JinjaException($"the test '{name.Text}' is not supported.", name.At);
        var arguments = Peek.Is("(") ? ReadArguments()
            : BeginsArgument(Peek) ? new JinjaArgumentList([ReadPostfix(ReadPrimary())], [])
            : JinjaArgumentList.None;
        var call = new JinjaTestCall(name.At, value, test, arguments);
        return isNot ? new JinjaNot(name.At, call) : call;
    }

    private static bool BeginsArgument(JinjaToken token) => token.Kind switch
    {
        JinjaTokenKind.Name => token.Text is not ("else" or "or" or "and" or "if" or "is" or "in" or "not"),
        JinjaTokenKind.String or JinjaTokenKind.Integer or JinjaTokenKind.Float => true,
        _ => token.Is("[") || token.Is("{"),
    };

    private JinjaArgumentList ReadArguments()
    {
        RequireOperator("(");
        var (positional, named) = (new List<JinjaExpression>(), new List<(string, JinjaExpression)>());
        while (!TakeOperator(")"))
        {
            if (positional.Count + named.Count > 0)
            {
                RequireOperator(",");
                if (TakeOperator(")"))
                    break;
            }
            if (Peek.Is("*") || Peek.Is("**"))
                throw new JinjaException($"unpacking arguments with '{Peek.Text}' is not supported.", Peek.At);
            if (Peek.Kind == JinjaTokenKind.Name && tokens[next + 1].Is("="))
            {
                var name = Take().Text;
                Take();
                named.Add((name, ReadExpression()));
            }
            else
            {
                positional.Add(ReadExpression());
            }
        }
        return new JinjaArgumentList(positional, named);
    }
}
