using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pharos.Inference.Chat.Jinja;

/// <summary>JSON into values and back, spelled as Python's <c>json</c> does: models have read that spelling in training.</summary>
internal static class JinjaJson
{
    private const int MaxDepth = 64;

    /// <summary>The value of JSON that a client gave: its texts are marked as given.</summary>
    public static object? Read(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new JinjaMap(json.EnumerateObject().Select(member => KeyValuePair.Create(MarkedText.Given(member.Name), Read(member.Value)))),
        JsonValueKind.Array => new JinjaList([.. json.EnumerateArray().Select(Read)]),
        JsonValueKind.String => MarkedText.Given(json.GetString()!),
        JsonValueKind.Number => json.TryGetInt64(out var whole) ? whole : (object)json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>The value of JSON text; the text itself where it is none.</summary>
    public static object? ReadOrText(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return Read(json.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter for half a surrogate pair
        {
            return MarkedText.Given(text);
        }
    }

    /// <param name="indent">Blanks of each level; null: all on one line.</param>
    public static MarkedText Write(object? value, int? indent = null, bool sortKeys = false, bool asciiOnly = false, (string Item, string Key)? separators = null)
    {
        var text = new StringBuilder();
        new Writer(text, indent, sortKeys, asciiOnly, separators ?? (indent is null ? ", " : ",", ": ")).Write(value, 0);
        return MarkedText.Given(text.ToString());
    }

    private sealed class Writer(StringBuilder text, int? indent, bool sortKeys, bool asciiOnly, (string Item, string Key) separators)
    {
        public void Write(object? value, int depth)
        {
            if (depth > MaxDepth)
                throw new JinjaFault($"'tojson' got a value nested more than {MaxDepth} levels deep.");
            switch (value)
            {
                case null:
                    text.Append("null");
                    break;
                case bool flag:
                    text.Append(flag ? "true" : "false");
                    break;
                case long or double:
                    text.Append(JinjaValues.Spell(value) switch { "inf" => "Infinity", "-inf" => "-Infinity", "nan" => "NaN", var number => number });
                    break;
                case MarkedText said:
                    Quote(said.Text);
                    break;
                case JinjaList list:
                    WriteAll('[', ']', list.Items, depth, item => Write(item, depth + 1));
                    break;
                case JinjaMap map:
                    var members = sortKeys ? map.Members.OrderBy(member => member.Key.Text, StringComparer.Ordinal).ToList() : map.Members;
                    WriteAll('{', '}', members, depth, member =>
                    {
                        Quote(member.Key.Text);
                        text.Append(separators.Key);
                        Write(member.Value, depth + 1);
                    });
                    break;
                default:
                    throw (value as JinjaUndefined)?.Fault ?? new JinjaFault($"'tojson' can't write {JinjaValues.KindOf(value)}.");
            }
        }

        private void WriteAll<T>(char open, char close, IReadOnlyList<T> items, int depth, Action<T> write)
        {
            text.Append(open);
            for (var i = 0; i < items.Count; i++)
            {
                text.Append(i == 0 ? "" : separators.Item);
                Break(depth + 1);
                write(items[i]);
            }
            if (items.Count > 0)
                Break(depth);
            text.Append(close);
        }

        private void Break(int depth)
        {
            if (indent is { } blanks)
                text.Append('\n').Append(' ', blanks * depth);
        }

        private void Quote(string said)
        {
            text.Append('"');
            foreach (var c in said)
            {
                switch (c)
                {
                    case '"': text.Append("\\\""); break;
                    case '\\': text.Append("\\\\"); break;
                    case '\n': text.Append("\\n"); break;
                    case '\r': text.Append("\\r"); break;
                    case '\t': text.Append("\\t"); break;
                    case '\b': text.Append("\\b"); break;
                    case '\f': text.Append("\\f"); break;
                    default:
                        if (c < ' ' || (asciiOnly && c > '~'))
                            text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                        else
                            text.Append(c);
                        break;
                }
            }
            text.Append('"');
        }
    }
}
