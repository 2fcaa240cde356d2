namespace Pharos.Inference.Grammar;

/// <summary>A regular expression, read.</summary>
internal abstract record Pattern
{
    /// <summary>One character of these; the ranges ascend and lie apart.</summary>
    public sealed record Set(IReadOnlyList<(int Low, int High)> Ranges) : Pattern;

    /// <summary>One after the other; none: the empty text.</summary>
    public sealed record Sequence(IReadOnlyList<Pattern> Parts) : Pattern;

    public sealed record Choice(IReadOnlyList<Pattern> Alternatives) : Pattern;

    /// <param name="Most">Null: no limit.</param>
    public sealed record Repeat(Pattern Body, int Least, int? Most) : Pattern;
}

/// <summary>Sets of characters as ranges.</summary>
internal static class CharacterRanges
{
    private const int Last = 0x10FFFF;

    public static IReadOnlyList<(int Low, int High)> Digits { get; } = [('0', '9')];

    public static IReadOnlyList<(int Low, int High)> Words { get; } = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

    /// <summary>What ECMA-262 calls white space and ends of lines.</summary>
    public static IReadOnlyList<(int Low, int High)> Spaces { get; } =
        [('\t', '\r'), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)];

    /// <summary>What a dot stands for: all but ends of lines.</summary>
    public static IReadOnlyList<(int Low, int High)> Dot { get; } = Without([('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)]);

    /// <summary>All other characters.</summary>
    public static IReadOnlyList<(int Low, int High)> Without(IEnumerable<(int Low, int High)> ranges)
    {
        var rest = new List<(int, int)>();
        int next = 0;
        foreach (var (low, high) in Union(ranges))
        {
            if (low > next)
                rest.Add((next, low - 1));
            next = high + 1;
        }
        if (next <= Last)
            rest.Add((next, Last));
        return rest;
    }

    /// <summary>Ascending and apart.</summary>
    public static IReadOnlyList<(int Low, int High)> Union(IEnumerable<(int Low, int High)> ranges)
    {
        var joined = new List<(int Low, int High)>();
        foreach (var (low, high) in ranges.OrderBy(range => range.Low))
        {
            if (joined.Count > 0 && low <= joined[^1].High + 1)
                joined[^1] = (joined[^1].Low, Math.Max(joined[^1].High, high));
            else
                joined.Add((low, high));
        }
        return joined;
    }
}
