namespace Pharos.Inference.Chat.Jinja;

/// <summary>
/// Immutable text that knows of each of its characters whether the template's author wrote it or a client. What a client wrote never becomes
/// a control token, whatever a template does with it: marks follow every operation.
/// </summary>
internal sealed class MarkedText : IEquatable<MarkedText>
{
    public static readonly MarkedText Empty = new("", ofTemplate: true);

    private readonly bool[]? marks; // [character]: of the template; null: all are alike
    private readonly bool ofTemplate;

    private MarkedText(string text, bool ofTemplate, bool[]? marks = null) => (Text, this.ofTemplate, this.marks) = (text, ofTemplate, marks);

    public string Text { get; }

    public int Length => Text.Length;

    /// <summary>Text of the template's author.</summary>
    public static MarkedText Own(string text) => text.Length == 0 ? Empty : new MarkedText(text, ofTemplate: true);

    /// <summary>Text of a conversation.</summary>
    public static MarkedText Given(string text) => text.Length == 0 ? Empty : new MarkedText(text, ofTemplate: false);

    public static MarkedText Concat(IReadOnlyCollection<MarkedText> parts)
    {
        var filled = parts.Where(part => part.Length > 0).ToList();
        if (filled.Count <= 1)
            return filled.Count == 0 ? Empty : filled[0];
        var text = string.Concat(filled.Select(part => part.Text));
        if (filled.All(part => part.marks is null && part.ofTemplate == filled[0].ofTemplate))
            return new MarkedText(text, filled[0].ofTemplate);
        var marks = new bool[text.Length];
        var at = 0;
        foreach (var part in filled)
        {
            if (part.marks is { } mixed)
                mixed.CopyTo(marks, at);
            else
                marks.AsSpan(at, part.Length).Fill(part.ofTemplate);
            at += part.Length;
        }
        return new MarkedText(text, false, marks);
    }

    public MarkedText Slice(int start, int length) =>
        length == Length ? this
        : length <= 0 ? Empty
        : new MarkedText(Text.Substring(start, length), ofTemplate, marks?.AsSpan(start, length).ToArray());

    /// <summary>The same marks on another spelling of the same length: upper and lower case.</summary>
    public MarkedText Respell(Func<string, string> spell)
    {
        var text = spell(Text);
        return text.Length == Length ? new MarkedText(text, ofTemplate, marks) : Given(text);
    }

    /// <param name="count">Most replacements; negative: all.</param>
    public MarkedText Replace(string old, MarkedText by, int count)
    {
        var parts = new List<MarkedText>();
        var from = 0;
        while (count != 0 && from <= Length)
        {
            var found = Text.IndexOf(old, from, StringComparison.Ordinal);
            if (found < 0)
                break;
            parts.Add(Slice(from, found - from));
            if (old.Length == 0)
            {
                parts.Add(by);
                if (from < Length)
                    parts.Add(Slice(from, 1));
                from++;
            }
            else
            {
                parts.Add(by);
                from = found + old.Length;
            }
            count--;
        }
        if (from < Length)
            parts.Add(Slice(from, Length - from));
        return Concat(parts);
    }

    /// <param name="chars">What is taken away at the ends; null: white space.</param>
    public MarkedText Trim(string? chars, bool start = true, bool end = true)
    {
        var (from, to) = (0, Length);
        while (start && from < to && Strips(Text[from], chars))
            from++;
        while (end && to > from && Strips(Text[to - 1], chars))
            to--;
        return Slice(from, to - from);
    }

    /// <summary>As Python's <c>isspace</c>.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>Adds it to a prompt: only what the template's author wrote may spell control tokens.</summary>
    internal void AddTo(PromptPieces pieces)
    {
        if (marks is null)
        {
            Add(pieces, Text, ofTemplate);
            return;
        }
        for (int from = 0, to; from < Length; from = to)
        {
            for (to = from + 1; to < Length && marks[to] == marks[from];)
                to++;
            Add(pieces, Text[from..to], marks[from]);
        }
    }

    public bool Equals(MarkedText? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as MarkedText);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    private static void Add(PromptPieces pieces, string text, bool ofTemplate)
    {
        if (ofTemplate)
            pieces.Control(text);
        else
            pieces.Text(text);
    }

    private static bool Strips(char c, string? chars) => chars is null ? IsSpace(c) : chars.Contains(c, StringComparison.Ordinal);
}
