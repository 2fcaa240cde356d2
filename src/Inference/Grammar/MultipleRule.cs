namespace Pharos.Inference.Grammar;

/// <summary>
/// Rules for multiples of a number: an automaton over remainders, digit by digit. A number is written without an exponent, with all digits after the point that the
/// step has or with none.
/// </summary>
internal sealed class MultipleRule(GrammarBuilder grammar)
{
    /// <summary>Of a step, counted in units of its last digit: each needs a place for every digit.</summary>
    public const int MostUnits = 100;

    /// <summary>Digits after the point of a step.</summary>
    public const int MostScale = 4;

    private readonly Dictionary<(int Remainder, int Left, bool IsFraction), int> places = [];
    private readonly Dictionary<(int Remainder, int Left, bool IsFraction), bool> ends = [];
    private int units, scale;

    /// <param name="step">Above 0, of at most <see cref="MostUnits"/> units; whole where only integers are wanted.</param>
    public int Rule(decimal step)
    {
        scale = step.Scale;
        units = (int)(step * Power(scale));
        var (rule, first, zero) = (grammar.Add(), grammar.Add(), grammar.Add());
        grammar.Skip(rule, first);
        grammar.Byte(rule, '-', first);
        grammar.Byte(first, '0', zero);
        EndWhole(zero, 0);
        Digits(first, 0, JsonRules.MostDigits, 1, isFraction: false);
        return rule;
    }

    private static int Power(int exponent) => (int)Math.Pow(10, exponent);

    // What follows digits that leave a remainder.
    private int Place(int remainder, int left, bool isFraction)
    {
        if (places.TryGetValue((remainder, left, isFraction), out int known))
            return known;
        int place = places[(remainder, left, isFraction)] = grammar.Add();
        if (!isFraction)
            EndWhole(place, remainder);
        else if (left == 0)
            grammar.Skip(place, GrammarBuilder.End);
        if (left > 0)
            Digits(place, remainder, left, 0, isFraction);
        return place;
    }

    private void Digits(int from, int remainder, int left, int least, bool isFraction)
    {
        for (int digit = least; digit <= 9; digit++)
        {
            int next = (remainder * 10 + digit) % units;
            if (CanEnd(next, left - 1, isFraction))
                grammar.Byte(from, (char)('0' + digit), Place(next, left - 1, isFraction));
        }
    }

    private void EndWhole(int from, int remainder)
    {
        if (remainder * Power(scale) % units == 0)
            grammar.Skip(from, GrammarBuilder.End);
        if (scale == 0 || !CanEnd(remainder, scale, isFraction: true))
            return;
        int point = grammar.Add();
        grammar.Byte(from, '.', point);
        Digits(point, remainder, scale, 0, isFraction: true);
    }

    /// <summary>Some digits more make it a multiple: no text is led into a place that it cannot leave.</summary>
    private bool CanEnd(int remainder, int left, bool isFraction)
    {
        if (!ends.TryGetValue((remainder, left, isFraction), out bool can))
            ends[(remainder, left, isFraction)] = can = FindEnd(remainder, left, isFraction);
        return can;
    }

    private bool FindEnd(int remainder, int left, bool isFraction)
    {
        if (isFraction ? left == 0 && remainder == 0 : remainder * Power(scale) % units == 0 || (scale > 0 && CanEnd(remainder, scale, isFraction: true)))
            return true;
        for (int digit = 0; left > 0 && digit <= 9; digit++)
        {
            if (CanEnd((remainder * 10 + digit) % units, left - 1, isFraction))
                return true;
        }
        return false;
    }
}
