using System.Text;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Grammar;

/// <summary>The rules for calls of tools, as <see cref="ToolCallParser"/> reads them: one or several, each with a name and an object of arguments.</summary>
/// <param name="markup">How the model's family writes them.</param>
internal sealed class CallRule(GrammarBuilder grammar, JsonRules json, ToolMarkup markup)
{
    /// <summary>A rule for what follows the opening tag of the first call.</summary>
    /// <param name="parallel">Other calls may follow.</param>
    /// <param name="arguments">Makes a rule of a tool's schema.</param>
    public int Compile(IReadOnlyList<CallableTool> tools, bool parallel, Func<string, string, int> arguments)
    {
        var (rule, key, colon, name, close) = (grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add());
        json.Mark(rule, '{', key);
        json.SpacedCall(key, Word(["\"name\""]), colon);
        json.Colon(colon, name);
        var free = tools.Where(tool => tool.Schema is null).Select(tool => tool.Name).ToList();
        if (free.Count > 0)
            Call(name, free, json.Map(json.Any), close);
        foreach (var tool in tools.Where(tool => tool.Schema is not null))
            Call(name, [tool.Name], arguments(tool.Schema!, tool.Name), close);
        var (closed, last, first) = (grammar.Add(), grammar.Add(), grammar.Add());
        Spaced(close, markup.Closer ?? "", closed);
        Spaced(closed, markup.Frame.Last, last);
        json.Space(last, GrammarBuilder.End);
        if (parallel)
            Spaced(closed, markup.Frame.Between, rule);
        Spaced(first, markup.Frame.First, rule);
        return first;
    }

    private void Spaced(int from, string text, int to)
    {
        if (text.Length == 0)
            grammar.Skip(from, to);
        else
            json.SpacedCall(from, Word([text]), to);
    }

    /// <summary>A place where calls begin, opening tag and all.</summary>
    public int Opening(int calls)
    {
        var (place, opened) = (grammar.Add(), grammar.Add());
        grammar.Text(place, markup.Openers[0], opened);
        grammar.Call(opened, calls, GrammarBuilder.End);
        return place;
    }

    /// <summary>
    /// Any bytes that hold none of the texts which the parser takes for the opening of a call; where one comes, calls follow it. Places say what beginning of such a text
    /// the text so far ends with (Aho and Corasick 1975).
    /// </summary>
    /// <param name="calls">Null: none may follow, and openings never come.</param>
    public void FreeText(int start, int? calls)
    {
        string[] openers = [.. markup.Openers.Select(opener => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(opener)))]; // a character is a byte
        var places = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string beginning in openers.SelectMany(opener => Enumerable.Range(0, opener.Length).Select(length => opener[..length])))
        {
            if (!places.ContainsKey(beginning))
                places.Add(beginning, grammar.Add());
        }
        byte[] marks = [.. string.Concat(openers).Distinct().Order().Select(one => (byte)one)];
        foreach (var (beginning, place) in places)
            Follow(place, beginning, openers, places, marks, calls);
        grammar.Skip(start, markup.AllowsBareJson ? Beginning(openers, places, marks, calls) : places[""]);
    }

    // Nothing was said but white space: JSON that comes now is a call.
    private int Beginning(string[] openers, SortedDictionary<string, int> places, byte[] marks, int? calls)
    {
        int place = grammar.Add();
        grammar.AnyOf(place, " \t\r\n", place);
        if (calls is { } rule)
            grammar.Call(place, rule, GrammarBuilder.End);
        Follow(place, "", openers, places, marks, calls, except: " \t\r\n{");
        return place;
    }

    private void Follow(int place, string before, string[] openers, SortedDictionary<string, int> places, byte[] marks, int? calls, string except = "")
    {
        grammar.Skip(place, GrammarBuilder.End);
        byte[] others = [.. marks.Concat(except.Select(one => (byte)one)).Distinct().Order()];
        int from = 0;
        foreach (int other in others.Select(one => (int)one).Append(byte.MaxValue + 1))
        {
            if (other > from)
                grammar.Byte(place, (byte)from, (byte)(other - 1), places[""]);
            from = other + 1;
        }
        foreach (byte next in marks)
        {
            string text = before + (char)next;
            if (except.Contains((char)next, StringComparison.Ordinal))
                continue;
            if (!openers.Any(opener => text.EndsWith(opener, StringComparison.Ordinal)))
            {
                string ending = Enumerable.Range(0, text.Length + 1).Select(start => text[start..]).First(places.ContainsKey);
                grammar.Byte(place, next, next, places[ending]);
            }
            else if (calls is { } rule)
            {
                int opened = grammar.Add();
                grammar.Byte(place, next, next, opened);
                grammar.Call(opened, rule, GrammarBuilder.End);
            }
        }
    }

    // What follows the name's colon, up to the brace that closes the call.
    private void Call(int from, IEnumerable<string> names, int arguments, int to)
    {
        var (named, member, valued, value, given) = (grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add());
        grammar.Call(from, Word(names.Select(name => $"\"{name}\"")), named);
        grammar.Byte(named, ',', member);
        json.SpacedCall(member, Word([$"\"{markup.ArgumentsKey}\""]), valued);
        json.Colon(valued, value);
        grammar.Call(value, arguments, given);
        json.Mark(given, '}', to);
    }

    private int Word(IEnumerable<string> texts)
    {
        int rule = grammar.Add();
        grammar.Texts(rule, texts, GrammarBuilder.End);
        return rule;
    }
}
