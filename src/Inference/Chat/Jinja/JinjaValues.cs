using System.Globalization;
using System.Text;

namespace Pharos.Inference.Chat.Jinja;

// A value of the interpreter is null (none), bool, long, double, MarkedText, JinjaList, JinjaMap, JinjaNamespace, JinjaUndefined or JinjaFunction.

/// <summary>A list or tuple. Immutable, as in every sandboxed environment.</summary>
internal sealed class JinjaList(IReadOnlyList<object?> items, bool isTuple = false)
{
    public IReadOnlyList<object?> Items => items;

    public bool IsTuple => isTuple;
}

/// <summary>A mapping in the order of its making, keyed by text. Immutable.</summary>
internal sealed class JinjaMap
{
    private readonly List<KeyValuePair<MarkedText, object?>> members = [];
    private readonly Dictionary<MarkedText, int> places = [];

    public JinjaMap(IEnumerable<KeyValuePair<MarkedText, object?>> members)
    {
        foreach (var member in members)
        {
            if (places.TryGetValue(member.Key, out var place))
                this.members[place] = member;
            else
                this.members.Add(member);
            places.TryAdd(member.Key, this.members.Count - 1);
        }
    }

    public IReadOnlyList<KeyValuePair<MarkedText, object?>> Members => members;

    public bool TryGet(MarkedText key, out object? value)
    {
        var found = places.TryGetValue(key, out var place);
        value = found ? members[place].Value : null;
        return found;
    }
}

/// <summary>What <c>namespace()</c> makes: its attributes can be set from within loops.</summary>
internal sealed class JinjaNamespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>The value of a name that nobody has set: prints as nothing, is false, and can be asked whether it is defined.</summary>
/// <param name="Name">As the template has it.</param>
internal sealed record JinjaUndefined(string Name)
{
    public JinjaFault Fault => new($"'{Name}' is undefined.");
}

/// <summary>Something that can be called: a macro, a method, a global function.</summary>
internal sealed record JinjaFunction(string Name, Func<JinjaFrame, JinjaArguments, object?> Call);

/// <summary>What Python does with values.</summary>
internal static class JinjaValues
{
    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        MarkedText text => text.Length > 0,
        JinjaList list => list.Items.Count > 0,
        JinjaMap map => map.Members.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? a, object? b)
    {
        if (TryNumber(a, out var x) && TryNumber(b, out var y))
            return a is long m && b is long n ? m == n : x == y;
        return (a, b) switch
        {
            (null, null) => true,
            (JinjaUndefined, JinjaUndefined) => true,
            (MarkedText s, MarkedText t) => s.Equals(t),
            (JinjaList l, JinjaList r) => l.Items.Count == r.Items.Count && l.Items.Zip(r.Items).All(pair => AreEqual(pair.First, pair.Second)),
            (JinjaMap l, JinjaMap r) => l.Members.Count == r.Members.Count && l.Members.All(m => r.TryGet(m.Key, out var other) && AreEqual(m.Value, other)),
            _ => a is not null && ReferenceEquals(a, b),
        };
    }

    /// <exception cref="JinjaFault">They have no order.</exception>
    public static int Compare(object? a, object? b)
    {
        if (TryNumber(a, out var x) && TryNumber(b, out var y))
            return a is long m && b is long n ? m.CompareTo(n) : x.CompareTo(y);
        switch (a, b)
        {
            case (MarkedText s, MarkedText t):
                return string.CompareOrdinal(s.Text, t.Text);
            case (JinjaList l, JinjaList r):
                var first = l.Items.Zip(r.Items).FirstOrDefault(pair => !AreEqual(pair.First, pair.Second), (null, null));
                return first == (null, null) ? l.Items.Count.CompareTo(r.Items.Count) : Compare(first.First, first.Second);
            default:
                throw (a as JinjaUndefined ?? b as JinjaUndefined)?.Fault ?? new JinjaFault($"{KindOf(a)} and {KindOf(b)} have no order.");
        }
    }

    /// <summary>Whether it counts as a number, as booleans do.</summary>
    public static bool TryNumber(object? value, out double number)
    {
        (var isNumber, number) = value switch
        {
            long whole => (true, whole),
            double real => (true, real),
            bool flag => (true, flag ? 1 : 0),
            _ => (false, 0.0),
        };
        return isNumber;
    }

    /// <summary>What a loop goes over; null where it can't.</summary>
    public static IReadOnlyList<object?>? Items(object? value) => value switch
    {
        JinjaList list => list.Items,
        JinjaMap map => [.. map.Members.Select(member => member.Key)],
        MarkedText text => [.. Enumerable.Range(0, text.Length).Select(i => text.Slice(i, 1))],
        JinjaUndefined => [],
        _ => null,
    };

    /// <exception cref="JinjaFault">It can't be gone over.</exception>
    public static IReadOnlyList<object?> RequireItems(object? value) =>
        Items(value) ?? throw new JinjaFault($"{KindOf(value)} can't be iterated; expected a list, a mapping or text.");

    /// <exception cref="JinjaFault">It is no whole number.</exception>
    public static long RequireInteger(object? value, string what) => value switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw new JinjaFault($"{what} must be an integer; it is {KindOf(value)}."),
    };

    /// <exception cref="JinjaFault">It is no text.</exception>
    public static MarkedText RequireText(object? value, string what) =>
        value as MarkedText ?? throw new JinjaFault($"{what} must be text; it is {KindOf(value)}.");

    /// <summary>As Python's <c>str</c>: what is printed.</summary>
    public static MarkedText Print(object? value) => value switch
    {
        MarkedText text => text,
        JinjaUndefined => MarkedText.Empty,
        bool or null or long or double => MarkedText.Own(Spell(value)),
        _ => MarkedText.Given(Represent(value)),
    };

    public static string KindOf(object? value) => value switch
    {
        null => "none",
        bool => "a boolean",
        long => "an integer",
        double => "a float",
        MarkedText => "text",
        JinjaList => "a list",
        JinjaMap => "a mapping",
        JinjaNamespace => "a namespace",
        JinjaFunction function => $"the function '{function.Name}'",
        JinjaUndefined undefined => $"undefined ('{undefined.Name}')",
        _ => "a value",
    };

    /// <summary>As Python's <c>repr</c>.</summary>
    private static string Represent(object? value)
    {
        var text = new StringBuilder();
        Represent(value, text, 0);
        return text.ToString();
    }

    private static void Represent(object? value, StringBuilder into, int depth)
    {
        if (depth > 100)
            throw new JinjaFault("a value is nested too deeply to be printed; at most 100 levels.");
        switch (value)
        {
            case MarkedText text:
                Quote(text.Text, into);
                break;
            case JinjaList list:
                into.Append(list.IsTuple ? '(' : '[');
                for (var i = 0; i < list.Items.Count; i++)
                {
                    into.Append(i == 0 ? "" : ", ");
                    Represent(list.Items[i], into, depth + 1);
                }
                into.Append(list.IsTuple ? list.Items.Count == 1 ? ",)" : ")" : "]");
                break;
            case JinjaMap map:
                into.Append('{');
                for (var i = 0; i < map.Members.Count; i++)
                {
                    into.Append(i == 0 ? "" : ", ");
                    Quote(map.Members[i].Key.Text, into);
                    into.Append(": ");
                    Represent(map.Members[i].Value, into, depth + 1);
                }
                into.Append('}');
                break;
            case JinjaUndefined:
                into.Append("Undefined");
                break;
            case JinjaNamespace or JinjaFunction:
                throw new JinjaFault($"{KindOf(value)} can't be printed.");
            default:
                into.Append(Spell(value));
                break;
        }
    }

    public static string Spell(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Spell(number),
        _ => throw new ArgumentException($"{KindOf(value)} has no spelling of its own.", nameof(value)),
    };

    /// <summary>As Python writes it: the shortest digits that mean it, with a point or an exponent, exponents from 1e16 and below 1e-4.</summary>
    private static string Spell(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        var size = Math.Abs(number);
        if (size is not 0 and (>= 1e16 or < 1e-4))
        {
            var parts = number.ToString("E16", CultureInfo.InvariantCulture);
            var shortest = number.ToString("R", CultureInfo.InvariantCulture);
            var exponent = int.Parse(parts.AsSpan(parts.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            var digits = new string([.. shortest.TakeWhile(c => c != 'E').Where(char.IsAsciiDigit)]).Trim('0');
            var mantissa = digits.Length > 1 ? $"{digits[0]}.{digits[1..]}" : digits;
            return string.Create(CultureInfo.InvariantCulture, $"{(number < 0 ? "-" : "")}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }
        var plain = number.ToString("R", CultureInfo.InvariantCulture); // with an exponent from 1e15 on
        if (plain.Contains('E'))
            plain = number.ToString("F0", CultureInfo.InvariantCulture);
        return plain.Contains('.') ? plain : plain + ".0";
    }

    private static void Quote(string text, StringBuilder into)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        into.Append(quote);
        foreach (var c in text)
        {
            switch (c)
            {
                case '\\': into.Append("\\\\"); break;
                case '\n': into.Append("\\n"); break;
                case '\r': into.Append("\\r"); break;
                case '\t': into.Append("\\t"); break;
                case < ' ' or '\x7f': into.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"); break;
                default:
                    if (c == quote)
                        into.Append('\\');
                    into.Append(c);
                    break;
            }
        }
        into.Append(quote);
    }
}
