namespace Pharos.Inference.Chat.Jinja;

/// <summary>Python's operators on values.</summary>
internal static class JinjaOperators
{
    /// <exception cref="JinjaFault">The operands don't fit.</exception>
    public static object? Apply(JinjaRun run, string op, object? left, object? right)
    {
        try
        {
            return op switch
            {
                "+" => Add(run, left, right),
                "-" => Subtract(left, right),
                "*" => Multiply(run, left, right),
                "/" => Real(op, left, right, (a, b) => b == 0 ? throw new JinjaFault("division by zero.") : a / b),
                "//" => FloorDivide(left, right),
                "%" => Modulo(left, right),
                _ => Power(left, right),
            };
        }
        catch (OverflowException)
        {
            throw new JinjaFault($"the result of '{op}' does not fit 64 bits.");
        }
    }

    public static bool Compares(string op, object? left, object? right) => op switch
    {
        "==" => JinjaValues.AreEqual(left, right),
        "!=" => !JinjaValues.AreEqual(left, right),
        "<" => JinjaValues.Compare(left, right) < 0,
        "<=" => JinjaValues.Compare(left, right) <= 0,
        ">" => JinjaValues.Compare(left, right) > 0,
        ">=" => JinjaValues.Compare(left, right) >= 0,
        "in" => Holds(right, left),
        _ => !Holds(right, left),
    };

    public static bool Holds(object? all, object? one) => all switch
    {
        MarkedText text => text.Text.Contains(JinjaValues.RequireText(one, "what text is searched for").Text, StringComparison.Ordinal),
        JinjaMap map => one is MarkedText key && map.TryGet(key, out _),
        _ => JinjaValues.RequireItems(all).Any(item => JinjaValues.AreEqual(item, one)),
    };

    public static object Add(JinjaRun run, object? left, object? right)
    {
        switch (left, right)
        {
            case (MarkedText a, MarkedText b):
                run.CheckLength((long)a.Length + b.Length);
                return run.Made(MarkedText.Concat([a, b]));
            case (JinjaList a, JinjaList b):
                run.Charge(a.Items.Count + b.Items.Count);
                return new JinjaList([.. a.Items, .. b.Items], a.IsTuple);
            default:
                return Numbers("+", left, right, (a, b) => checked(a + b), (a, b) => a + b);
        }
    }

    public static object Subtract(object? left, object? right) => Numbers("-", left, right, (a, b) => checked(a - b), (a, b) => a - b);

    private static object Multiply(JinjaRun run, object? left, object? right)
    {
        if (left is long && right is MarkedText or JinjaList)
            (left, right) = (right, left);
        if (right is not long times || left is not (MarkedText or JinjaList))
            return Numbers("*", left, right, (a, b) => checked(a * b), (a, b) => a * b);
        var count = (int)Math.Clamp(times, 0, int.MaxValue);
        var length = left is MarkedText said ? said.Length : ((JinjaList)left).Items.Count;
        run.CheckLength((long)length * count);
        run.Charge((long)length * count >> 6);
        if (length == 0)
            return left;
        return left is MarkedText text
            ? run.Made(MarkedText.Concat([.. Enumerable.Repeat(text, count)]))
            : new JinjaList([.. Enumerable.Repeat(((JinjaList)left).Items, count).SelectMany(items => items)]);
    }

    private static object FloorDivide(object? left, object? right) => Numbers(
        "//", left, right,
        (a, b) => b == 0 ? throw new JinjaFault("division by zero.") : checked(a / b) - (a % b != 0 && a < 0 != b < 0 ? 1 : 0),
        (a, b) => b == 0 ? throw new JinjaFault("division by zero.") : Math.Floor(a / b));

    /// <summary>The result has the sign of the divisor.</summary>
    private static object Modulo(object? left, object? right)
    {
        if (left is MarkedText)
            throw new JinjaFault("formatting text with '%' is not supported.");
        return Numbers(
            "%", left, right,
            (a, b) => b == 0 ? throw new JinjaFault("division by zero.") : b == -1 ? 0 : (a % b + b) % b,
            (a, b) => b == 0 ? throw new JinjaFault("division by zero.") : a - b * Math.Floor(a / b));
    }

    private static object Power(object? left, object? right) => Numbers("**", left, right, WholePower, Math.Pow);

    private static long WholePower(long value, long times)
    {
        if (times < 0)
            throw new JinjaFault("an integer to a negative power is not supported.");
        if (value is 0 or 1)
            return times == 0 ? 1 : value;
        if (value == -1)
            return times % 2 == 0 ? 1 : -1;
        long result = 1;
        for (; times > 0; times--)
            result = checked(result * value); // overflows within 63 turns
        return result;
    }

    private static object Real(string op, object? left, object? right, Func<double, double, double> apply) =>
        JinjaValues.TryNumber(left, out var a) && JinjaValues.TryNumber(right, out var b) ? apply(a, b) : throw Unfit(op, left, right);

    private static object Numbers(string op, object? left, object? right, Func<long, long, long> whole, Func<double, double, double> real)
    {
        if (Whole(left) is { } m && Whole(right) is { } n)
            return whole(m, n);
        return Real(op, left, right, real);
    }

    private static long? Whole(object? value) => value switch { long number => number, bool flag => flag ? 1 : 0, _ => null };

    private static JinjaFault Unfit(string op, object? left, object? right) =>
        (left as JinjaUndefined ?? right as JinjaUndefined)?.Fault ?? new JinjaFault($"'{op}' does not fit {JinjaValues.KindOf(left)} and {JinjaValues.KindOf(right)}.");
}
