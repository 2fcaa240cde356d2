using System.Text.Json;

namespace Pharos.Inference.Grammar;

// Strings and numbers.
internal sealed partial class SchemaCompiler
{
    private static readonly string[] Lengths = ["minLength", "maxLength"];

    private int Text(SchemaNode schema)
    {
        if (schema.Has("pattern"))
            return Matching(schema, "pattern", schema.Text("pattern"), ["format", .. Lengths]);
        if (schema.Has("format"))
        {
            string format = schema.Text("format");
            string pattern = StringFormats.PatternOf(format)
                ?? throw schema.Wrong("format", $"\"{format}\" is not supported; supported: {string.Join(", ", StringFormats.Names)}");
            return Matching(schema, "format", pattern, Lengths);
        }
        var (least, most) = schema.Counts("minLength", "maxLength");
        return rules.String(least, most);
    }

    /// <param name="others">What cannot be kept beside it.</param>
    private int Matching(SchemaNode schema, string keyword, string pattern, IEnumerable<string> others)
    {
        if (others.FirstOrDefault(schema.Has) is { } other)
            throw schema.Wrong(other, $"is not supported beside '{keyword}'");
        try
        {
            return new PatternRule(grammar, rules).String(pattern);
        }
        catch (FormatException exception)
        {
            throw schema.Wrong(keyword, exception.Message);
        }
    }

    private int Number(SchemaNode schema, bool whole)
    {
        var least = Bound(schema, "minimum", "exclusiveMinimum", (a, b) => a > b);
        var most = Bound(schema, "maximum", "exclusiveMaximum", (a, b) => a < b);
        if (schema.Has("multipleOf"))
            return Multiple(schema, whole, isBounded: least is not null || most is not null);
        if (least is null && most is null)
            return whole ? rules.Integer : rules.Number;
        return new NumberRange(grammar, rules).Rule(least, most, whole)
            ?? throw schema.Wrong(schema.Has("maximum") ? "maximum" : schema.Has("exclusiveMaximum") ? "exclusiveMaximum" : "minimum",
                $"leaves no {(whole ? "integer" : "number")} of at most {JsonRules.MostDigits} digits");
    }

    private int Multiple(SchemaNode schema, bool whole, bool isBounded)
    {
        decimal step = Decimal(schema, "multipleOf")!.Value;
        if (step <= 0)
            throw schema.Wrong("multipleOf", "must be above 0");
        if (isBounded)
            throw schema.Wrong("multipleOf", "is not supported beside bounds");
        if (step.Scale > MultipleRule.MostScale || step > MultipleRule.MostUnits || step * (decimal)Math.Pow(10, step.Scale) > MultipleRule.MostUnits)
            throw schema.Wrong("multipleOf", $"is supported up to {MultipleRule.MostUnits} units of its last digit, and with {MultipleRule.MostScale} digits after the point");
        if (whole && step.Scale > 0)
            throw schema.Wrong("multipleOf", "must be a whole number for integer");
        return new MultipleRule(grammar).Rule(step);
    }

    /// <summary>The tighter of two bounds.</summary>
    private static NumberRange.Bound? Bound(SchemaNode schema, string included, string excluded, Func<decimal, decimal, bool> isTighter)
    {
        var (own, other) = (Decimal(schema, included), Decimal(schema, excluded));
        if (other is { } strict && !(own is { } weak && isTighter(weak, strict)))
            return new NumberRange.Bound(strict, Excluded: true);
        return own is { } value ? new NumberRange.Bound(value, Excluded: false) : null;
    }

    private static decimal? Decimal(SchemaNode schema, string keyword)
    {
        if (schema.Find(keyword) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number)
            throw schema.Wrong(keyword, "must be a number");
        if (!value.TryGetDecimal(out decimal number))
            throw schema.Wrong(keyword, "must be a number that fits a decimal of 28 digits");
        number /= 1.000000000000000000000000000m; // without zeros at the end
        return number.Scale <= NumberRange.MostScale ? number : throw schema.Wrong(keyword, $"must have at most {NumberRange.MostScale} digits after the point");
    }
}
