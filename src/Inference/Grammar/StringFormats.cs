namespace Pharos.Inference.Grammar;

/// <summary>Formats of strings as patterns. Each takes valid texts alone, and may be the narrower one.</summary>
internal static class StringFormats
{
    private const string Date = @"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))";
    private const string Time = @"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)";
    private const string Clock = @"T(?:\d{1,3}H(?:\d{1,3}M(?:\d{1,3}S)?)?|\d{1,3}M(?:\d{1,3}S)?|\d{1,3}S)";
    private const string Days = @"(?:\d{1,4}Y(?:\d{1,3}M(?:\d{1,3}D)?)?|\d{1,3}M(?:\d{1,3}D)?|\d{1,3}D)";
    private const string Label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,58}[A-Za-z0-9])?"; // four of them are shorter than any limit
    private const string Word = "[A-Za-z0-9_+-]{1,20}";
    private const string Octet = @"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";

    private static readonly Dictionary<string, string> Patterns = new(StringComparer.Ordinal)
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["duration"] = $@"P(?:\d{{1,4}}W|{Days}(?:{Clock})?|{Clock})",
        ["email"] = $@"{Word}(?:\.{Word}){{0,2}}@{Label}(?:\.{Label}){{1,3}}",
        ["hostname"] = $@"{Label}(?:\.{Label}){{0,3}}",
        ["ipv4"] = $@"{Octet}\.{Octet}\.{Octet}\.{Octet}",
        ["ipv6"] = "(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}",
        ["uuid"] = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        ["uri"] = $@"https?://{Label}(?:\.{Label}){{0,3}}(?::[1-9]\d{{1,3}})?(?:/[A-Za-z0-9._~-]{{0,60}}){{0,8}}(?:\?[A-Za-z0-9._~=&-]{{0,200}})?",
    };

    public static IEnumerable<string> Names => Patterns.Keys;

    /// <summary>A pattern for the whole text; null for a format that is not known.</summary>
    public static string? PatternOf(string format) => Patterns.TryGetValue(format, out string? pattern) ? $"^(?:{pattern})$" : null;
}
