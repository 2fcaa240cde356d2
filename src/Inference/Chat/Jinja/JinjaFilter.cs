using System.Collections.Frozen;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>A filter by its name.</summary>
internal sealed partial class JinjaFilter(string name, string parameters, Func<JinjaFrame, object?, object?[], object?> apply)
{
    private static readonly FrozenDictionary<string, JinjaFilter> All = new[]
    {
        Of("abs", "", (_, x, _) => x is long n ? n == long.MinValue ? throw new JinjaFault("the result of 'abs' does not fit 64 bits.") : Math.Abs(n)
            : JinjaValues.TryNumber(x, out var real) ? (object)Math.Abs(real) : throw Unfit("abs", "a number", x)),
        Of("capitalize", "", (_, x, _) => JinjaMethods.Capitalize(JinjaValues.Print(x))),
        Of("count", "", (_, x, _) => Length(x)),
        Of("d", "value? boolean?", (_, x, a) => Default(x, a)),
        Of("default", "value? boolean?", (_, x, a) => Default(x, a)),
        Of("dictsort", "case_sensitive? by? reverse?", (_, x, a) => DictSort(x, a)),
        Of("e", "", (f, x, _) => Escape(f, x)),
        Of("escape", "", (f, x, _) => Escape(f, x)),
        Of("first", "", (_, x, _) => JinjaValues.RequireItems(x) is [var first, ..] ? first : new JinjaUndefined("first of an empty list")),
        Of("float", "default?", (_, x, a) => ToFloat(x, a)),
        Of("indent", "width? first? blank?", (f, x, a) => Indent(f, x, a)),
        Of("int", "default? base?", (_, x, a) => ToInteger(x, a)),
        Of("items", "", (_, x, _) => x is JinjaUndefined ? new JinjaList([]) : JinjaMethods.Items(x as JinjaMap ?? throw Unfit("items", "a mapping", x))),
        Of("join", "d? attribute?", (f, x, a) => Join(f, x, a)),
        Of("last", "", (_, x, _) => JinjaValues.RequireItems(x) is [.., var last] ? last : new JinjaUndefined("last of an empty list")),
        Of("length", "", (_, x, _) => Length(x)),
        Of("list", "", (_, x, _) => new JinjaList(JinjaValues.RequireItems(x))),
        Of("lower", "", (_, x, _) => JinjaValues.Print(x).Respell(static text => text.ToLowerInvariant())),
        Of("max", "case_sensitive? attribute?", (_, x, a) => Extreme(x, a, 1)),
        Of("min", "case_sensitive? attribute?", (_, x, a) => Extreme(x, a, -1)),
        Of("replace", "old new count?", (f, x, a) => Replace(f, x, a)),
        Of("reverse", "", (_, x, _) => Reverse(x)),
        Of("round", "precision? method?", (_, x, a) => Round(x, a)),
        Of("safe", "", (_, x, _) => JinjaValues.Print(x)),
        Of("sort", "reverse? case_sensitive? attribute?", (_, x, a) => Sort(x, a)),
        Of("string", "", (_, x, _) => JinjaValues.Print(x)),
        Of("sum", "attribute? start?", (f, x, a) => Sum(f, x, a)),
        Of("title", "", (_, x, _) => JinjaMethods.Title(JinjaValues.Print(x))),
        Of("tojson", "ensure_ascii? indent? separators? sort_keys?", (f, x, a) => ToJson(f, x, a)),
        Of("trim", "chars?", (_, x, a) => JinjaValues.Print(x).Trim(OptionalText(a[0], "'chars'"))),
        Of("unique", "case_sensitive? attribute?", (_, x, a) => Unique(x, a)),
        Of("upper", "", (_, x, _) => JinjaValues.Print(x).Respell(static text => text.ToUpperInvariant())),
    }.ToFrozenDictionary(filter => filter.Name, StringComparer.Ordinal);

    private static readonly FrozenSet<string> Selecting = FrozenSet.Create(StringComparer.Ordinal, "map", "select", "reject", "selectattr", "rejectattr");

    private readonly JinjaSignature signature = new(name, parameters);

    public string Name => name;

    /// <summary>Null where no such filter is supported.</summary>
    public static JinjaFilter? Find(string name) =>
        Selecting.Contains(name) ? new JinjaFilter(name, "", null!) : All.GetValueOrDefault(name);

    /// <exception cref="JinjaFault">It does not fit the input or the arguments.</exception>
    public object? Apply(JinjaFrame frame, object? input, JinjaArguments arguments)
    {
        if (Selecting.Contains(name))
            return Select(frame, name, input, arguments);
        frame.Run.Charge(Size(input));
        return apply(frame, input, signature.Bind(arguments));
    }

    private static JinjaFilter Of(string name, string parameters, Func<JinjaFrame, object?, object?[], object?> apply) => new(name, parameters, apply);

    private static int Size(object? input) => input switch { JinjaList list => list.Items.Count, JinjaMap map => map.Members.Count, MarkedText text => text.Length >> 6, _ => 0 };

    private static long Length(object? value) => value switch
    {
        MarkedText text => text.Length,
        JinjaList list => list.Items.Count,
        JinjaMap map => map.Members.Count,
        JinjaUndefined => 0,
        _ => throw Unfit("length", "text, a list or a mapping", value),
    };

    private static JinjaFault Unfit(string filter, string expected, object? value) =>
        (value as JinjaUndefined)?.Fault ?? new JinjaFault($"'{filter}' expects {expected}; it got {JinjaValues.KindOf(value)}.");

    private static bool IsGiven(object? argument) => argument != JinjaArguments.Absent && argument is not null;

    private static bool Flag(object? argument) => IsGiven(argument) && JinjaValues.IsTrue(argument);

    private static string? OptionalText(object? argument, string what) => IsGiven(argument) ? JinjaValues.RequireText(argument, what).Text : null;

    private static long Integer(object? argument, long absent, string what) => IsGiven(argument) ? JinjaValues.RequireInteger(argument, what) : absent;
}
