using System.Globalization;

namespace Pharos.Inference.Chat.Jinja;

// What single filters do.
internal sealed partial class JinjaFilter
{
    private static object? Default(object? value, object?[] given)
    {
        var isMissing = value is JinjaUndefined || (Flag(given[1]) && !JinjaValues.IsTrue(value));
        return !isMissing ? value : given[0] == JinjaArguments.Absent ? MarkedText.Empty : given[0];
    }

    private static MarkedText ToJson(JinjaFrame frame, object? value, object?[] given)
    {
        (string, string)? separators = IsGiven(given[2]) && JinjaValues.RequireItems(given[2]) is [MarkedText item, MarkedText key] ? (item.Text, key.Text) : null;
        int? indent = IsGiven(given[1]) ? (int)Math.Clamp(JinjaValues.RequireInteger(given[1], "'indent'"), 0, 64) : null;
        var json = JinjaJson.Write(value, indent, Flag(given[3]), Flag(given[0]), separators);
        frame.Run.CheckLength(json.Length);
        return frame.Run.Made(json);
    }

    private static MarkedText Join(JinjaFrame frame, object? value, object?[] given)
    {
        var between = IsGiven(given[0]) ? JinjaValues.Print(given[0]) : MarkedText.Empty;
        var parts = new List<MarkedText>();
        foreach (var item in JinjaValues.RequireItems(value))
        {
            if (parts.Count > 0)
                parts.Add(between);
            parts.Add(JinjaValues.Print(Attribute(item, given[1])));
        }
        frame.Run.CheckLength(parts.Sum(part => (long)part.Length));
        return frame.Run.Made(MarkedText.Concat(parts));
    }

    private static MarkedText Replace(JinjaFrame frame, object? value, object?[] given)
    {
        var (text, old, by) = (JinjaValues.Print(value), JinjaValues.Print(given[0]), JinjaValues.Print(given[1]));
        frame.Run.CheckLength((text.Length + 1L) * Math.Max(1, by.Length));
        return frame.Run.Made(text.Replace(old.Text, by, (int)Math.Clamp(Integer(given[2], -1, "'count'"), -1, int.MaxValue)));
    }

    private static MarkedText Indent(JinjaFrame frame, object? value, object?[] given)
    {
        var blanks = given[0] is MarkedText own ? own : MarkedText.Own(new string(' ', (int)Math.Clamp(Integer(given[0], 4, "'width'"), 0, 1000)));
        var parts = new List<MarkedText>();
        var lines = JinjaMethods.Split(JinjaValues.Print(value), "\n", -1);
        for (var i = 0; i < lines.Count; i++)
        {
            if (i > 0)
                parts.Add(MarkedText.Own("\n"));
            if (i == 0 ? Flag(given[1]) : lines[i].Length > 0 || Flag(given[2]))
                parts.Add(blanks);
            parts.Add(lines[i]);
        }
        frame.Run.CheckLength(parts.Sum(part => (long)part.Length));
        return frame.Run.Made(MarkedText.Concat(parts));
    }

    private static MarkedText Escape(JinjaFrame frame, object? value)
    {
        var text = JinjaValues.Print(value);
        foreach (var (mark, spelling) in new[] { ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;") })
            text = text.Replace(mark, MarkedText.Given(spelling), -1);
        frame.Run.CheckLength(text.Length);
        return frame.Run.Made(text);
    }

    private static object? ToInteger(object? value, object?[] given)
    {
        var fallback = given[0] == JinjaArguments.Absent ? 0L : given[0];
        return value switch
        {
            long or bool => JinjaValues.RequireInteger(value, "it"),
            double real when double.IsFinite(real) && Math.Abs(real) < long.MaxValue => (long)real,
            MarkedText text when long.TryParse(text.Text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            MarkedText text when TryReal(text, out var real) && Math.Abs(real) < long.MaxValue => (long)real,
            _ => fallback,
        };
    }

    private static object? ToFloat(object? value, object?[] given) =>
        (value is MarkedText text ? TryReal(text, out var number) : JinjaValues.TryNumber(value, out number)) ? number
        : given[0] == JinjaArguments.Absent ? 0.0
        : given[0];

    private static bool TryReal(MarkedText text, out double real) =>
        double.TryParse(text.Text.AsSpan().Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out real) && double.IsFinite(real);

    private static double Round(object? value, object?[] given)
    {
        if (!JinjaValues.TryNumber(value, out var number))
            throw Unfit("round", "a number", value);
        var scale = Math.Pow(10, Math.Clamp(Integer(given[0], 0, "'precision'"), 0, 15));
        return (OptionalText(given[1], "'method'") ?? "common") switch
        {
            "common" => Math.Round(number * scale, MidpointRounding.ToEven) / scale,
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            var other => throw new JinjaFault($"'round' knows the methods 'common', 'ceil' and 'floor'; it got '{other}'."),
        };
    }

    private static object Reverse(object? value) => value is MarkedText text
        ? MarkedText.Concat([.. Enumerable.Range(0, text.Length).Select(i => text.Slice(text.Length - 1 - i, 1))])
        : new JinjaList([.. JinjaValues.RequireItems(value).Reverse()]);

    private static JinjaList DictSort(object? value, object?[] given)
    {
        var map = value as JinjaMap ?? throw Unfit("dictsort", "a mapping", value);
        var byValue = (OptionalText(given[1], "'by'") ?? "key") == "value";
        var folds = !Flag(given[0]);
        return Sorted(map.Members.Select(member => (object?)JinjaMethods.Pair(member)), Flag(given[2]), pair => Folded(((JinjaList)pair!).Items[byValue ? 1 : 0], folds));
    }

    private static JinjaList Sort(object? value, object?[] given) =>
        Sorted(JinjaValues.RequireItems(value), Flag(given[0]), item => Folded(Attribute(item, given[2]), !Flag(given[1])));

    private static JinjaList Sorted(IEnumerable<object?> items, bool reverse, Func<object?, object?> key)
    {
        var order = Comparer<object?>.Create(JinjaValues.Compare);
        try
        {
            return new JinjaList([.. reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)]);
        }
        catch (InvalidOperationException e) when (e.InnerException is JinjaFault fault)
        {
            throw fault;
        }
    }

    private static JinjaList Unique(object? value, object?[] given)
    {
        var kept = new List<(object? Key, object? Item)>();
        foreach (var item in JinjaValues.RequireItems(value))
        {
            var key = Folded(Attribute(item, given[1]), !Flag(given[0]));
            if (kept.TrueForAll(one => !JinjaValues.AreEqual(one.Key, key)))
                kept.Add((key, item));
        }
        return new JinjaList([.. kept.Select(one => one.Item)]);
    }

    private static object? Extreme(object? value, object?[] given, int sign)
    {
        var items = JinjaValues.RequireItems(value);
        if (items.Count == 0)
            return new JinjaUndefined("an extreme of an empty list");
        var folds = !Flag(given[0]);
        return items.Aggregate((best, item) =>
            sign * JinjaValues.Compare(Folded(Attribute(item, given[1]), folds), Folded(Attribute(best, given[1]), folds)) > 0 ? item : best);
    }

    private static object Sum(JinjaFrame frame, object? value, object?[] given) => JinjaValues.RequireItems(value).Aggregate(
        IsGiven(given[1]) ? given[1]! : 0L, (sum, item) => JinjaOperators.Add(frame.Run, sum, Attribute(item, given[0])));

    private static object? Folded(object? value, bool folds) => folds && value is MarkedText text ? text.Respell(static said => said.ToLowerInvariant()) : value;

    /// <summary>An attribute by its name, dotted or a number; the item itself where none is named.</summary>
    private static object? Attribute(object? item, object? name)
    {
        if (!IsGiven(name))
            return item;
        if (name is long index)
            return JinjaItem.Get(item, index);
        foreach (var part in JinjaValues.RequireText(name, "an attribute").Text.Split('.'))
            item = JinjaItem.Get(item, long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place : MarkedText.Own(part));
        return item;
    }

    /// <summary><c>map</c>, <c>select</c> and their kin: they take the name of a filter or test, and its arguments.</summary>
    private static JinjaList Select(JinjaFrame frame, string name, object? input, JinjaArguments given)
    {
        var items = JinjaValues.RequireItems(input);
        frame.Run.Charge(items.Count);
        if (name == "map")
            return new JinjaList([.. items.Select(Mapping(frame, given))]);
        var byAttribute = name.EndsWith("attr", StringComparison.Ordinal);
        if (byAttribute && given.Positional.Count == 0)
            throw new JinjaFault($"'{name}' needs the name of an attribute.");
        var attribute = byAttribute ? given.Positional[0] : null;
        var rest = given.Positional.Skip(byAttribute ? 1 : 0).ToList();
        var wanted = name.StartsWith("select", StringComparison.Ordinal);
        if (rest.Count == 0)
            return new JinjaList([.. items.Where(item => JinjaValues.IsTrue(Attribute(item, attribute)) == wanted)]);
        var testName = JinjaValues.RequireText(rest[0], $"the test of '{name}'").Text;
        var test = JinjaTest.Find(testName) ?? throw new JinjaFault($"the test '{testName}' is not supported.");
        var arguments = new JinjaArguments([.. rest.Skip(1)], given.Named);
        return new JinjaList([.. items.Where(item => test.Holds(Attribute(item, attribute), arguments) == wanted)]);
    }

    private static Func<object?, object?> Mapping(JinjaFrame frame, JinjaArguments given)
    {
        if (given.Positional.Count == 0)
        {
            var named = new JinjaSignature("map", "attribute default?").Bind(given);
            return item => Attribute(item, named[0]) is var value && value is JinjaUndefined && named[1] != JinjaArguments.Absent ? named[1] : value;
        }
        var name = JinjaValues.RequireText(given.Positional[0], "the filter of 'map'").Text;
        var filter = Find(name) ?? throw new JinjaFault($"the filter '{name}' is not supported.");
        var arguments = given with { Positional = [.. given.Positional.Skip(1)] };
        return item => filter.Apply(frame, item, arguments);
    }
}
