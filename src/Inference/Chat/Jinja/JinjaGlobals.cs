using System.Globalization;
using System.Text;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>The functions every template has.</summary>
internal static class JinjaGlobals
{
    private const int MaxRange = 100_000;

    public static void SetOn(JinjaFrame frame)
    {
        Set("range", (_, given) => Range(given));
        Set("namespace", (_, given) => Namespace(given));
        Set("dict", (_, given) => new JinjaMap([.. given.Named.Select(named => KeyValuePair.Create(MarkedText.Own(named.Key), named.Value))]));
        Set("raise_exception", (_, given) => throw new JinjaFault(
            JinjaValues.Print(new JinjaSignature("raise_exception", "message").Bind(given)[0]).Text, isRefusal: true));
        Set("strftime_now", (caller, given) => MarkedText.Own(Format(
            JinjaValues.RequireText(new JinjaSignature("strftime_now", "format").Bind(given)[0], "the format of 'strftime_now'").Text, caller.Run.Now)));

        void Set(string name, Func<JinjaFrame, JinjaArguments, object?> call) => frame.Set(name, new JinjaFunction(name, call));
    }

    private static JinjaList Range(JinjaArguments given)
    {
        var bounds = given.Positional.Select(bound => JinjaValues.RequireInteger(bound, "a bound of 'range'")).ToList();
        var (start, stop, step) = bounds switch
        {
            [var only] => (0, only, 1),
            [var from, var to] => (from, to, 1),
            [var from, var to, var by and not 0] => (from, to, by),
            _ => throw new JinjaFault("'range' needs one to three bounds, and a step other than 0."),
        };
        var items = new List<object?>();
        for (var i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            if (items.Count == MaxRange)
                throw new JinjaFault($"'range' would have more than {MaxRange} items.");
            items.Add(i);
        }
        return new JinjaList(items);
    }

    private static JinjaNamespace Namespace(JinjaArguments given)
    {
        var space = new JinjaNamespace();
        foreach (var map in given.Positional)
        {
            foreach (var (key, value) in (map as JinjaMap ?? throw new JinjaFault($"'namespace' takes a mapping; it got {JinjaValues.KindOf(map)}.")).Members)
                space.Attributes[key.Text] = value;
        }
        foreach (var (key, value) in given.Named)
            space.Attributes[key] = value;
        return space;
    }

    /// <summary>As C's <c>strftime</c>, in English.</summary>
    private static string Format(string format, DateTimeOffset now)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            var unpadded = format[i + 1] == '-' && i + 2 < format.Length;
            i += unpadded ? 2 : 1;
            var part = format[i] switch
            {
                'Y' => now.ToString("yyyy", CultureInfo.InvariantCulture),
                'y' => now.ToString("yy", CultureInfo.InvariantCulture),
                'm' => now.ToString("MM", CultureInfo.InvariantCulture),
                'd' => now.ToString("dd", CultureInfo.InvariantCulture),
                'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
                'H' => now.ToString("HH", CultureInfo.InvariantCulture),
                'I' => now.ToString("hh", CultureInfo.InvariantCulture),
                'M' => now.ToString("mm", CultureInfo.InvariantCulture),
                'S' => now.ToString("ss", CultureInfo.InvariantCulture),
                'p' => now.ToString("tt", CultureInfo.InvariantCulture),
                'A' => now.ToString("dddd", CultureInfo.InvariantCulture),
                'a' => now.ToString("ddd", CultureInfo.InvariantCulture),
                'B' => now.ToString("MMMM", CultureInfo.InvariantCulture),
                'b' => now.ToString("MMM", CultureInfo.InvariantCulture),
                'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
                'F' => now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                'T' => now.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
                'Z' => "UTC",
                'z' => "+0000",
                '%' => "%",
                var other => throw new JinjaFault($"'strftime_now' does not know '%{other}'."),
            };
            text.Append(unpadded && part.Length > 1 ? part.TrimStart('0', ' ') is { Length: > 0 } trimmed ? trimmed : "0" : part);
        }
        return text.ToString();
    }
}
