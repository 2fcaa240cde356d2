using System.Globalization;
using System.Numerics;

namespace Pharos.Inference.Grammar;

/// <summary>
/// Rules for numbers between bounds, digit by digit. Numbers are written without an exponent; what lies within the bounds at 0, 1, 2 ... digits after the
/// point may be written so, and with further digits where these cannot leave the bounds.
/// </summary>
internal sealed class NumberRange(GrammarBuilder grammar, JsonRules json)
{
    /// <summary>Digits after the point of a bound.</summary>
    public const int MostScale = 10;

    private const int FinerScales = 2; // than the bounds' own, so that something lies between neighbours
    private static readonly decimal Largest = (decimal)Math.Pow(10, JsonRules.MostDigits) - 1;

    /// <summary>A bound; <paramref name="Excluded"/> itself or not.</summary>
    public readonly record struct Bound(decimal Value, bool Excluded);

    /// <summary>Null where no number lies between them.</summary>
    /// <param name="least">Null: as far as numbers go.</param>
    public int? Rule(Bound? least, Bound? most, bool whole)
    {
        var low = least is { } l && l.Value > -Largest ? l : new Bound(-Largest, false);
        var high = most is { } m && m.Value < Largest ? m : new Bound(Largest, false);
        int rule = grammar.Add(), minus = grammar.Add();
        int scales = whole ? 0 : Math.Max(Scale(low.Value), Scale(high.Value)) + FinerScales;
        bool any = false, anyNegative = false;
        for (int scale = 0; scale <= scales; scale++)
        {
            if (high.Value >= 0)
                any |= Magnitudes(rule, low.Value < 0 ? new Bound(0, false) : low, high, scale, whole, least: 0);
            if (low.Value < 0)
                anyNegative |= Magnitudes(minus, high.Value > 0 ? new Bound(0, false) : new Bound(-high.Value, high.Excluded), new Bound(-low.Value, low.Excluded), scale, whole, least: 1);
        }
        if (anyNegative)
            grammar.Byte(rule, '-', minus);
        return any || anyNegative ? rule : null;
    }

    private static int Scale(decimal value) => value.Scale;

    /// <param name="least">Least count of units that may be written as it is: a negative zero is none.</param>
    private bool Magnitudes(int from, Bound low, Bound high, int scale, bool whole, int least)
    {
        var unit = (decimal)BigInteger.Pow(10, scale);
        var first = decimal.Ceiling(low.Value * unit);
        if (low.Excluded && first == low.Value * unit)
            first++;
        var last = decimal.Floor(high.Value * unit);
        bool closed = !high.Excluded || last != high.Value * unit;
        var lastExact = closed ? last : last - 1;
        bool any = Between(from, Math.Max(first, least), lastExact, scale, GrammarBuilder.End);
        if (whole)
            return any;
        // With further digits it is less than one unit more.
        var lastOpen = last - 1;
        int further = grammar.Add();
        if (!Between(from, first, lastOpen, scale, further))
            return any;
        int digits = further;
        if (scale == 0)
        {
            digits = grammar.Add();
            grammar.Byte(further, '.', digits);
        }
        json.Digits(digits, 1, JsonRules.MostDigits - scale, GrammarBuilder.End);
        return true;
    }

    // Counts of units, written with the point before the last digits.
    private bool Between(int from, decimal first, decimal last, int scale, int to)
    {
        if (first > last)
            return false;
        for (int length = scale + 1; length <= JsonRules.MostDigits + scale; length++)
        {
            var shortest = length == scale + 1 ? 0 : (decimal)BigInteger.Pow(10, length - 1);
            var longest = (decimal)BigInteger.Pow(10, length) - 1;
            var (low, high) = (Math.Max(first, shortest), Math.Min(last, longest));
            if (low <= high)
                Digits(from, Written(low, length), Written(high, length), scale > 0 ? scale : -1, to);
        }
        return true;
    }

    private static string Written(decimal value, int length) => value.ToString("F0", CultureInfo.InvariantCulture).PadLeft(length, '0');

    /// <summary>All texts of digits from one to another of the same length.</summary>
    /// <param name="point">The point stands where so many digits are left; -1: nowhere.</param>
    private void Digits(int from, string low, string high, int point, int to)
    {
        if (low.Length == point)
        {
            int after = grammar.Add();
            grammar.Byte(from, '.', after);
            (from, point) = (after, -1);
        }
        if (low.Length == 1)
        {
            grammar.Byte(from, (byte)low[0], (byte)high[0], to);
            return;
        }
        string zeros = new('0', low.Length - 1), nines = new('9', low.Length - 1);
        char start = low[0], end = high[0];
        if (start == end)
        {
            Then(from, start, end, low[1..], high[1..], point, to);
            return;
        }
        if (low[1..] != zeros)
            Then(from, start, start++, low[1..], nines, point, to);
        bool whole = high[1..] == nines;
        if (!whole)
            end--;
        if (start <= end)
            Then(from, start, end, zeros, nines, point, to);
        if (!whole)
            Then(from, high[0], high[0], zeros, high[1..], point, to);
    }

    private void Then(int from, char first, char last, string low, string high, int point, int to)
    {
        int next = grammar.Add();
        grammar.Byte(from, (byte)first, (byte)last, next);
        Digits(next, low, high, point, to);
    }
}
