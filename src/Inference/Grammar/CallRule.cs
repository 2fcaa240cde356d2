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
        json.Mark(colon, ':', name);
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

    /// <summary>Any bytes that do not hold the opening tag; where it comes, calls follow it. Places say how much of the tag the text ends with.</summary>
    /// <param name="calls">Null: none may follow, and the tag never comes.</param>
    public void FreeText(int start, int? calls)
    {
        var tag = Encoding.UTF8.GetBytes(markup.Openers[0]);
        var places = new int[tag.Length];
        for (int matched = 0; matched < tag.Length; matched++)
        {
            places[matched] = grammar.Add();
            grammar.Skip(places[matched], GrammarBuilder.End);
        }
        grammar.Skip(start, places[0]);
        for (int matched = 0; matched < tag.Length; matched++)
        {
            int from = 0;
            for (int value = 0; value <= byte.MaxValue + 1; value++)
            {
                if (value <= byte.MaxValue && !tag.Contains((byte)value))
                    continue;
                if (value > from)
                    grammar.Byte(places[matched], (byte)from, (byte)(value - 1), places[0]);
                from = value + 1;
                if (value <= byte.MaxValue)
                    Follow(tag, places, matched, (byte)value, calls);
            }
        }
    }

    private void Follow(byte[] tag, int[] places, int matched, byte next, int? calls)
    {
        byte[] text = [.. tag.AsSpan(0, matched), next];
        int after = Enumerable.Range(0, text.Length + 1).Last(length => text.AsSpan(text.Length - length).SequenceEqual(tag.AsSpan(0, length)));
        if (after < tag.Length)
        {
            grammar.Byte(places[matched], next, next, places[after]);
        }
        else if (calls is { } rule)
        {
            int opened = grammar.Add();
            grammar.Byte(places[matched], next, next, opened);
            grammar.Call(opened, rule, GrammarBuilder.End);
        }
    }

    // What follows the name's colon, up to the brace that closes the call.
    private void Call(int from, IEnumerable<string> names, int arguments, int to)
    {
        var (named, member, valued, value, given) = (grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add(), grammar.Add());
        json.SpacedCall(from, Word(names.Select(name => $"\"{name}\"")), named);
        json.Mark(named, ',', member);
        json.SpacedCall(member, Word([$"\"{markup.ArgumentsKey}\""]), valued);
        json.Mark(valued, ':', value);
        json.SpacedCall(value, arguments, given);
        json.Mark(given, '}', to);
    }

    private int Word(IEnumerable<string> texts)
    {
        int rule = grammar.Add();
        grammar.Texts(rule, texts, GrammarBuilder.End);
        return rule;
    }
}
