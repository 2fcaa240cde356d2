using System.Globalization;

namespace Pharos.Inference.Grammar;

/// <summary>Rules for JSON strings whose text matches a pattern. Characters that a string must escape are written in one way each.</summary>
internal sealed class PatternRule(GrammarBuilder grammar, JsonRules json)
{
    private const string ShortEscapes = "bfnrt";
    private const string ShortEscaped = "\b\f\n\r\t";

    /// <exception cref="FormatException">What of it is not supported, as a sentence without its subject.</exception>
    public int String(string pattern)
    {
        int rule = grammar.Add(), close = grammar.Add();
        grammar.Byte(close, '"', GrammarBuilder.End);
        foreach (var (body, starts, ends) in PatternReader.Read(pattern))
        {
            int inside = grammar.Add(), before = inside, after = close;
            grammar.Byte(rule, '"', inside);
            if (!starts)
                grammar.Loop(inside, json.Character, 0, null, before = grammar.Add());
            if (!ends)
                grammar.Loop(after = grammar.Add(), json.Character, 0, null, close);
            Emit(body, before, after);
        }
        return rule;
    }

    private void Emit(Pattern pattern, int from, int to)
    {
        switch (pattern)
        {
            case Pattern.Set set:
                foreach (var (low, high) in set.Ranges)
                    Range(from, low, high, to);
                break;
            case Pattern.Sequence { Parts: var parts }:
                for (int i = 0; i < parts.Count; i++)
                {
                    int next = i == parts.Count - 1 ? to : grammar.Add();
                    Emit(parts[i], from, next);
                    from = next;
                }
                if (parts.Count == 0)
                    grammar.Skip(from, to);
                break;
            case Pattern.Choice { Alternatives: var alternatives }:
                foreach (var alternative in alternatives)
                {
                    int branch = grammar.Add();
                    grammar.Skip(from, branch);
                    Emit(alternative, branch, to);
                }
                break;
            case Pattern.Repeat { Body: var body, Least: var least, Most: var most }:
                int round = grammar.Add();
                Emit(body, round, GrammarBuilder.End);
                grammar.Loop(from, round, least, most, to);
                break;
        }
    }

    private void Range(int from, int low, int high, int to)
    {
        for (; low <= high && low < 0x20; low++)
            Escaped(from, low, to);
        foreach (int mark in (int[])['"', '\\'])
        {
            if (mark < low || mark > high)
                continue;
            grammar.Text(from, "\\" + (char)mark, to);
            if (low < mark)
                Utf8.Range(grammar, from, low, mark - 1, to);
            low = mark + 1;
        }
        if (low <= high)
            Utf8.Range(grammar, from, low, high, to);
    }

    private void Escaped(int from, int control, int to)
    {
        int known = ShortEscaped.IndexOf((char)control, StringComparison.Ordinal);
        grammar.Text(from, known >= 0 ? $"\\{ShortEscapes[known]}" : string.Create(CultureInfo.InvariantCulture, $"\\u{control:x4}"), to);
    }
}
