using System.Collections.Frozen;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>The methods of text, mappings and lists that templates call; none changes its object.</summary>
internal static class JinjaMethods
{
    private static readonly FrozenSet<string> OfMap = FrozenSet.Create(StringComparer.Ordinal, "get", "items", "keys", "values");

    public static bool IsOfMap(string name) => OfMap.Contains(name);

    /// <summary>Null where the value has no such method, or none that is supported.</summary>
    public static JinjaFunction? Find(object? owner, string name) => owner switch
    {
        MarkedText text => OfText(text, name),
        JinjaMap map => Of(map, name),
        JinjaList list => Of(list, name),
        _ => null,
    };

    public static JinjaList Items(JinjaMap map) => new([.. map.Members.Select(Pair)]);

    public static JinjaList Pair(KeyValuePair<MarkedText, object?> member) => new([member.Key, member.Value], isTuple: true);

    public static MarkedText Capitalize(MarkedText text) => text.Respell(static said =>
        said.Length == 0 ? said : char.ToUpperInvariant(said[0]) + said[1..].ToLowerInvariant());

    public static MarkedText Title(MarkedText text) => text.Respell(static said => string.Create(said.Length, said, static (letters, from) =>
    {
        for (var i = 0; i < letters.Length; i++)
            letters[i] = i > 0 && char.IsLetter(from[i - 1]) ? char.ToLowerInvariant(from[i]) : char.ToUpperInvariant(from[i]);
    }));

    /// <param name="separator">Null: white space, of which neighbours count as one.</param>
    /// <param name="most">Most cuts; negative: all.</param>
    public static List<MarkedText> Split(MarkedText text, string? separator, long most, bool fromEnd = false)
    {
        if (separator is null)
            text = text.Trim(null);
        var cuts = new List<(int At, int Length)>();
        for (var i = 0; i < text.Length;)
        {
            var length = separator is null ? BlanksAt(text.Text, i) : string.CompareOrdinal(text.Text, i, separator, 0, separator.Length) == 0 ? separator.Length : 0;
            if (length > 0)
                cuts.Add((i, length));
            i += Math.Max(1, length);
        }
        if (most >= 0 && cuts.Count > most)
            cuts = fromEnd ? cuts[^(int)most..] : cuts[..(int)most];
        var (parts, from) = (new List<MarkedText>(), 0);
        foreach (var (at, length) in cuts)
        {
            parts.Add(text.Slice(from, at - from));
            from = at + length;
        }
        if (separator is not null || from < text.Length)
            parts.Add(text.Slice(from, text.Length - from));
        return parts;
    }

    private static JinjaFunction? OfText(MarkedText text, string name) => name switch
    {
        "strip" => Method(name, "chars?", a => text.Trim(Chars(a[0]))),
        "lstrip" => Method(name, "chars?", a => text.Trim(Chars(a[0]), end: false)),
        "rstrip" => Method(name, "chars?", a => text.Trim(Chars(a[0]), start: false)),
        "split" => Method(name, "sep? maxsplit?", a => new JinjaList(Split(text, Separator(a[0]), Most(a[1])))),
        "rsplit" => Method(name, "sep? maxsplit?", a => new JinjaList(Split(text, Separator(a[0]), Most(a[1]), fromEnd: true))),
        "splitlines" => Method(name, "", _ => new JinjaList(text.Length == 0 ? [] : Split(text.Text.EndsWith('\n') ? text.Slice(0, text.Length - 1) : text, "\n", -1))),
        "startswith" => Method(name, "prefix", a => Options(a[0]).Any(option => text.Text.StartsWith(option, StringComparison.Ordinal))),
        "endswith" => Method(name, "suffix", a => Options(a[0]).Any(option => text.Text.EndsWith(option, StringComparison.Ordinal))),
        "removeprefix" => Method(name, "prefix", a => Chars(a[0]) is { } prefix && text.Text.StartsWith(prefix, StringComparison.Ordinal) ? text.Slice(prefix.Length, text.Length - prefix.Length) : text),
        "removesuffix" => Method(name, "suffix", a => Chars(a[0]) is { } suffix && text.Text.EndsWith(suffix, StringComparison.Ordinal) ? text.Slice(0, text.Length - suffix.Length) : text),
        "replace" => new JinjaFunction(name, (frame, given) => JinjaFilter.Find("replace")!.Apply(frame, text, given)),
        "join" => new JinjaFunction(name, (frame, given) => JinjaFilter.Find("join")!.Apply(frame, new JinjaSignature(name, "items").Bind(given)[0], new JinjaArguments([text], []))),
        "find" => Method(name, "sub", a => (long)text.Text.IndexOf(Chars(a[0])!, StringComparison.Ordinal)),
        "rfind" => Method(name, "sub", a => (long)text.Text.LastIndexOf(Chars(a[0])!, StringComparison.Ordinal)),
        "count" => Method(name, "sub", a => Chars(a[0]) is { Length: > 0 } sub ? Split(text, sub, -1).Count - 1L : text.Length + 1L),
        "upper" => Method(name, "", _ => text.Respell(static said => said.ToUpperInvariant())),
        "lower" => Method(name, "", _ => text.Respell(static said => said.ToLowerInvariant())),
        "capitalize" => Method(name, "", _ => Capitalize(text)),
        "title" => Method(name, "", _ => Title(text)),
        "isdigit" => Method(name, "", _ => text.Length > 0 && text.Text.All(char.IsDigit)),
        "isalpha" => Method(name, "", _ => text.Length > 0 && text.Text.All(char.IsLetter)),
        "isalnum" => Method(name, "", _ => text.Length > 0 && text.Text.All(char.IsLetterOrDigit)),
        "isspace" => Method(name, "", _ => text.Length > 0 && text.Text.All(MarkedText.IsSpace)),
        "isupper" => Method(name, "", _ => JinjaTest.Find("upper")!.Holds(text, JinjaArguments.None)),
        "islower" => Method(name, "", _ => JinjaTest.Find("lower")!.Holds(text, JinjaArguments.None)),
        _ => null,
    };

    private static JinjaFunction? Of(JinjaMap map, string name) => name switch
    {
        "get" => Method(name, "key default?", a => a[0] is MarkedText key && map.TryGet(key, out var value) ? value : a[1] == JinjaArguments.Absent ? null : a[1]),
        "items" => Method(name, "", _ => Items(map)),
        "keys" => Method(name, "", _ => new JinjaList([.. map.Members.Select(member => member.Key)])),
        "values" => Method(name, "", _ => new JinjaList([.. map.Members.Select(member => member.Value)])),
        _ => null,
    };

    private static JinjaFunction? Of(JinjaList list, string name) => name switch
    {
        "index" => Method(name, "value", a => list.Items.ToList().FindIndex(item => JinjaValues.AreEqual(item, a[0])) is >= 0 and var at
            ? (long)at : throw new JinjaFault("'index': the list does not hold the value.")),
        "count" => Method(name, "value", a => (long)list.Items.Count(item => JinjaValues.AreEqual(item, a[0]))),
        "append" or "extend" or "insert" or "pop" => throw new JinjaFault($"the method '{name}' would change a list; lists can't be changed, make a new one with '+'."),
        _ => null,
    };

    private static JinjaFunction Method(string name, string parameters, Func<object?[], object?> call) =>
        new(name, (_, given) => call(new JinjaSignature(name, parameters).Bind(given)));

    private static string? Chars(object? argument) =>
        argument == JinjaArguments.Absent || argument is null ? null : JinjaValues.RequireText(argument, "an argument of a text's method").Text;

    private static string? Separator(object? argument) => Chars(argument) is "" ? throw new JinjaFault("text can't be split at nothing.") : Chars(argument);

    private static long Most(object? argument) => argument == JinjaArguments.Absent ? -1 : JinjaValues.RequireInteger(argument, "'maxsplit'");

    private static IEnumerable<string> Options(object? argument) =>
        argument is JinjaList { IsTuple: true } several ? several.Items.Select(item => Chars(item) ?? "") : [Chars(argument) ?? ""];

    private static int BlanksAt(string text, int at)
    {
        var length = 0;
        while (at + length < text.Length && MarkedText.IsSpace(text[at + length]))
            length++;
        return length;
    }
}
