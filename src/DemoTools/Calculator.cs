using System.Globalization;

namespace Pharos.DemoTools;

/// <summary>
/// Arithmetic as Python writes it: + - * / %, parentheses, signs, decimals. Whole numbers are exact; what was divided or has a
/// decimal point is rounded to 3 decimals as Python's <c>round(x, 3)</c> does, and printed without a point when it is whole.
/// </summary>
public static class Calculator
{
    public const int MaxLength = 200;
    private const int MaxDepth = 50;

    public static DemoAnswer Evaluate(string expression)
    {
        try
        {
            return expression.Length > MaxLength
                ? DemoAnswer.Error("invalid expression")
                : DemoAnswer.Json(Print(new Parser(expression).Whole()));
        }
        catch (DivideByZeroException)
        {
            return DemoAnswer.Error("division by zero");
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return DemoAnswer.Error("invalid expression");
        }
    }

    private static string Print(Number number)
    {
        var value = number.Exact ? number.Value : Round3(number.Value);
        // 0.000 normalises what trailing zeros the decimal carries.
        return value.ToString("0.###", CultureInfo.InvariantCulture) is "-0" ? "0" : value.ToString("0.###", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Python rounds the exact value of the binary number: 2.0035 is a little less than it looks and gives 2.003. Only multiples of
    /// 1/16 can be true ties at the third decimal, and those go to the even neighbour. Formatting of doubles is exact in .NET too.
    /// </summary>
    private static decimal Round3(decimal value)
    {
        if (Math.Abs(value) >= 1e12m || value * 16 == decimal.Truncate(value * 16))
            return Math.Round(value, 3, MidpointRounding.ToEven);
        return decimal.Parse(((double)value).ToString("F3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <param name="Exact">Made of whole numbers only, without a division.</param>
    private readonly record struct Number(decimal Value, bool Exact);

    /// <summary>Recursive descent: sum = product {+|- product}; product = signed {*|/|% signed}; signed = {+|-} (number | (sum)).</summary>
    private sealed class Parser(string text)
    {
        private int at;
        private int depth;

        public Number Whole()
        {
            var value = Sum();
            return Peek() == '\0' ? value : throw new FormatException();
        }

        private Number Sum()
        {
            var left = Product();
            while (Peek() is '+' or '-')
                left = Take() == '+' ? Join(left, Product(), decimal.Add) : Join(left, Product(), decimal.Subtract);
            return left;
        }

        private Number Product()
        {
            var left = Signed();
            while (Peek() is '*' or '/' or '%')
                left = Take() switch
                {
                    '*' => Join(left, Signed(), decimal.Multiply),
                    '/' => Join(left, Signed(), decimal.Divide) with { Exact = false },
                    _ => Join(left, Signed(), Modulo),
                };
            return left;
        }

        private Number Signed()
        {
            if (++depth > MaxDepth)
                throw new FormatException();
            var value = Peek() switch
            {
                '-' => Negate(),
                '+' => Skip(Signed),
                '(' => Parenthesis(),
                _ => Literal(),
            };
            depth--;
            return value;
        }

        private Number Negate()
        {
            at++;
            var value = Signed();
            return value with { Value = -value.Value };
        }

        private Number Skip(Func<Number> next)
        {
            at++;
            return next();
        }

        private Number Parenthesis()
        {
            at++;
            var value = Sum();
            return Peek() == ')' && Take() == ')' ? value : throw new FormatException();
        }

        private Number Literal()
        {
            var start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
                at++;
            var literal = text.AsSpan(start, at - start);
            return new Number(decimal.Parse(literal, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture), !literal.Contains('.'));
        }

        /// <summary>The next character that is no blank, NUL at the end.</summary>
        private char Peek()
        {
            while (at < text.Length && text[at] == ' ')
                at++;
            return at < text.Length ? text[at] : '\0';
        }

        private char Take() => text[at++];

        private static Number Join(Number a, Number b, Func<decimal, decimal, decimal> apply) => new(apply(a.Value, b.Value), a.Exact && b.Exact);

        /// <summary>The remainder has the divisor's sign.</summary>
        private static decimal Modulo(decimal a, decimal b)
        {
            var remainder = decimal.Remainder(a, b);
            return remainder != 0 && remainder < 0 != b < 0 ? remainder + b : remainder;
        }
    }
}
