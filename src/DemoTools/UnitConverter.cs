using System.Collections.Frozen;
using System.Globalization;

namespace Pharos.DemoTools;

/// <summary>Converts between units of one dimension. Currencies have fixed rates: a demonstration, no market data.</summary>
public static class UnitConverter
{
    /// <param name="Factor">Of the dimension's base unit.</param>
    /// <param name="Offset">Of the unit's zero, in base units.</param>
    private sealed record Unit(string Dimension, decimal Factor, decimal Offset = 0);

    private static readonly FrozenDictionary<string, Unit> Units = new (string Names, Unit Unit)[]
    {
        ("m meter meters metre metres", new("length", 1m)),
        ("km kilometer kilometers kilometre kilometres", new("length", 1000m)),
        ("cm centimeter centimeters", new("length", 0.01m)),
        ("mm millimeter millimeters", new("length", 0.001m)),
        ("mile miles mi", new("length", 1609.344m)),
        ("foot feet ft", new("length", 0.3048m)),
        ("inch inches in", new("length", 0.0254m)),
        ("yard yards yd", new("length", 0.9144m)),
        ("g gram grams", new("mass", 1m)),
        ("mg milligram milligrams", new("mass", 0.001m)),
        ("kg kilogram kilograms", new("mass", 1000m)),
        ("tonne tonnes ton tons", new("mass", 1_000_000m)),
        ("pound pounds lb lbs", new("mass", 453.59237m)),
        ("ounce ounces oz", new("mass", 28.349523125m)),
        ("l liter liters litre litres", new("volume", 1m)),
        ("ml milliliter milliliters", new("volume", 0.001m)),
        ("gallon gallons", new("volume", 3.785411784m)),
        ("pint pints", new("volume", 0.473176473m)),
        ("cup cups", new("volume", 0.2365882365m)),
        ("C celsius", new("temperature", 1m)),
        ("F fahrenheit", new("temperature", 5m / 9m, -32m * 5m / 9m)),
        ("K kelvin", new("temperature", 1m, -273.15m)),
        ("second seconds s", new("time", 1m)),
        ("minute minutes min", new("time", 60m)),
        ("hour hours h", new("time", 3600m)),
        ("day days", new("time", 86_400m)),
        ("week weeks", new("time", 604_800m)),
        ("m/s", new("speed", 1m)),
        ("km/h kmh kph", new("speed", 1m / 3.6m)),
        ("mph", new("speed", 0.44704m)),
        ("knot knots", new("speed", 1852m / 3600m)),
        ("byte bytes B", new("data", 1m)),
        ("bit bits", new("data", 0.125m)),
        ("KB", new("data", 1e3m)),
        ("MB", new("data", 1e6m)),
        ("GB", new("data", 1e9m)),
        ("TB", new("data", 1e12m)),
        ("hectare hectares ha", new("area", 10_000m)),
        ("acre acres", new("area", 4046.8564224m)),
        ("USD dollar dollars", new("currency", 1m)),
        ("EUR euro euros", new("currency", 1.08m)),
        ("GBP", new("currency", 1.27m)),
        ("CHF", new("currency", 1.13m)),
        ("JPY yen", new("currency", 0.0067m)),
    }.SelectMany(entry => entry.Names.Split(' ').Select(name => (name, entry.Unit)))
        .ToFrozenDictionary(entry => entry.name, entry => entry.Unit, StringComparer.OrdinalIgnoreCase);

    public static DemoAnswer Convert(decimal value, string from, string to)
    {
        if (!Units.TryGetValue(from.Trim(), out var source) || !Units.TryGetValue(to.Trim(), out var target) || source.Dimension != target.Dimension)
            return DemoAnswer.Error("unknown unit");
        try
        {
            return DemoAnswer.Json(Print(((value * source.Factor) + source.Offset - target.Offset) / target.Factor));
        }
        catch (OverflowException)
        {
            return DemoAnswer.Error("number too large");
        }
    }

    /// <summary>At most 4 decimals; a value too small for them keeps its first 4 digits instead of becoming 0.</summary>
    private static string Print(decimal value)
    {
        var decimals = 4;
        while (value != 0 && decimals < 20 && Math.Abs(value) < 0.00005m * Power(4 - decimals))
            decimals++;
        if (decimals > 4)
            decimals = Math.Min(decimals + 3, 24);
        return (Math.Round(value, decimals) + 0m).ToString("0." + new string('#', decimals), CultureInfo.InvariantCulture);
    }

    private static decimal Power(int exponent) => exponent == 0 ? 1m : 0.1m * Power(exponent + 1);
}
