using System.Text;

namespace Pharos.Inference.Text;

/// <summary>
/// Ends a text at the first stop string, wherever the borders of tokens fall. Text that may still turn out to be the beginning of
/// a stop string is held back. The outcome depends on the text alone, not on how it was cut, so a replay rebuilds the state.
/// </summary>
/// <remarks>"First" is the stop string complete first; of several that end together, the longest.</remarks>
public sealed class StopStringMatcher
{
    private readonly string[] stops;
    private readonly int[][] fallback; // [stop][matched] how much is still matched where the next character does not fit
    private readonly int[] matched;    // [stop] how much of it the text ends with
    private readonly StringBuilder held = new();

    /// <exception cref="ArgumentException">A stop string is empty.</exception>
    public StopStringMatcher(IReadOnlyCollection<string> stopStrings)
    {
        stops = [.. stopStrings.OrderByDescending(s => s.Length)];
        if (stops.Any(s => s.Length == 0))
            throw new ArgumentException("A stop string is empty; at least one character is expected.", nameof(stopStrings));
        fallback = [.. stops.Select(Borders)];
        matched = new int[stops.Length];
    }

    /// <summary>The stop string that ended the text, or null.</summary>
    public string? Match { get; private set; }

    /// <summary>Takes the next text and returns what is now certain to precede any stop string; after a match nothing comes any more.</summary>
    public string Append(ReadOnlySpan<char> text)
    {
        if (Match is not null || text.IsEmpty)
            return "";
        if (stops.Length == 0)
            return text.ToString();
        for (int i = 0; i < text.Length; i++)
        {
            if (Advance(text[i]) is not { } stop)
                continue;
            held.Append(text[..(i + 1)]);
            held.Length -= stop.Length;
            Match = stop;
            return Release(held.Length);
        }
        held.Append(text);
        return Release(held.Length - matched.Max());
    }

    /// <summary>The text ends without a stop string: returns what was held back.</summary>
    public string Flush()
    {
        Array.Clear(matched);
        return Release(held.Length);
    }

    private string Release(int length)
    {
        if (length == 0)
            return "";
        string text = held.ToString(0, length);
        held.Remove(0, length);
        return text;
    }

    /// <summary>Knuth, Morris, Pratt: each character moves every stop string's state once.</summary>
    private string? Advance(char next)
    {
        string? complete = null;
        for (int s = 0; s < stops.Length; s++)
        {
            int state = matched[s];
            while (state > 0 && stops[s][state] != next)
                state = fallback[s][state];
            if (stops[s][state] == next)
                state++;
            if (state == stops[s].Length)
            {
                complete ??= stops[s];
                state = fallback[s][state];
            }
            matched[s] = state;
        }
        return complete;
    }

    /// <summary>For each prefix length, the length of the longest proper prefix that is also a suffix of it.</summary>
    private static int[] Borders(string stop)
    {
        var borders = new int[stop.Length + 1];
        for (int length = 2, border = 0; length <= stop.Length; length++)
        {
            while (border > 0 && stop[border] != stop[length - 1])
                border = borders[border];
            if (stop[border] == stop[length - 1])
                border++;
            borders[length] = border;
        }
        return borders;
    }
}
