using System.Collections.Frozen;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>What stands after <c>is</c>.</summary>
internal sealed class JinjaTest(string name, string parameters, Func<object?, object?[], bool> holds)
{
    private static readonly FrozenDictionary<string, JinjaTest> All = new[]
    {
        Of("defined", "", (x, _) => x is not JinjaUndefined),
        Of("undefined", "", (x, _) => x is JinjaUndefined),
        Of("none", "", (x, _) => x is null),
        Of("boolean", "", (x, _) => x is bool),
        Of("true", "", (x, _) => x is true),
        Of("false", "", (x, _) => x is false),
        Of("integer", "", (x, _) => x is long),
        Of("float", "", (x, _) => x is double),
        Of("number", "", (x, _) => x is long or double or bool),
        Of("string", "", (x, _) => x is MarkedText),
        Of("mapping", "", (x, _) => x is JinjaMap),
        Of("sequence", "", (x, _) => x is JinjaList or JinjaMap or MarkedText or JinjaUndefined),
        Of("iterable", "", (x, _) => JinjaValues.Items(x) is not null),
        Of("callable", "", (x, _) => x is JinjaFunction),
        Of("even", "", (x, _) => JinjaValues.RequireInteger(x, "what is even") % 2 == 0),
        Of("odd", "", (x, _) => JinjaValues.RequireInteger(x, "what is odd") % 2 != 0),
        Of("divisibleby", "num", (x, a) => JinjaValues.RequireInteger(a[0], "'num'") is not 0 and var by
            ? JinjaValues.RequireInteger(x, "what is divisible") % by == 0 : throw new JinjaFault("division by zero.")),
        Of("lower", "", (x, _) => JinjaValues.Print(x).Text is var text && text.Any(char.IsLetter) && text == text.ToLowerInvariant()),
        Of("upper", "", (x, _) => JinjaValues.Print(x).Text is var text && text.Any(char.IsLetter) && text == text.ToUpperInvariant()),
        Of("in", "seq", (x, a) => JinjaOperators.Holds(a[0], x)),
        Of("sameas", "other", (x, a) => x is null or bool ? Equals(x, a[0]) : ReferenceEquals(x, a[0])),
        Compares("eq", "=="), Compares("equalto", "=="), Compares("==", "=="), Compares("ne", "!="), Compares("!=", "!="),
        Compares("lt", "<"), Compares("lessthan", "<"), Compares("<", "<"), Compares("le", "<="), Compares("<=", "<="),
        Compares("gt", ">"), Compares("greaterthan", ">"), Compares(">", ">"), Compares("ge", ">="), Compares(">=", ">="),
    }.ToFrozenDictionary(test => test.Name, StringComparer.Ordinal);

    private readonly JinjaSignature signature = new(name, parameters);

    public string Name => name;

    /// <summary>Null where no such test is supported.</summary>
    public static JinjaTest? Find(string name) => All.GetValueOrDefault(name);

    /// <exception cref="JinjaFault">It does not fit the value or the arguments.</exception>
    public bool Holds(object? value, JinjaArguments arguments) => holds(value, signature.Bind(arguments));

    private static JinjaTest Of(string name, string parameters, Func<object?, object?[], bool> holds) => new(name, parameters, holds);

    private static JinjaTest Compares(string name, string op) => new(name, "other", (value, given) => JinjaOperators.Compares(op, value, given[0]));
}
