using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Pharos.Cli.Cluster;

/// <summary>Fields of the gateway's JSON, and numbers as people read them.</summary>
internal static class Said
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static string Text(this JsonElement json, string name) => json.Find(name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    public static double Number(this JsonElement json, string name) => json.Find(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : double.NaN;

    public static int Whole(this JsonElement json, string name) => json.Number(name) is var number && double.IsFinite(number) ? (int)number : 0;

    /// <summary>Undefined where it is not there.</summary>
    public static JsonElement Find(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var field) ? field : default;

    public static IEnumerable<JsonElement> Each(this JsonElement json, string name) =>
        json.Find(name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    public static bool IsThere(this JsonElement json) => json.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public static string Seconds(double seconds) => seconds switch
    {
        double.NaN => "-",
        < 0.1 and > 0 => Invariant($"{seconds * 1000:0.#} ms"),
        < 10 => Invariant($"{seconds:F2} s"),
        < 120 => Invariant($"{seconds:F1} s"),
        _ => Invariant($"{seconds / 60:F1} min"),
    };

    public static string Bytes(double bytes)
    {
        var unit = 0;
        for (; bytes >= 1024 && unit < Units.Length - 1; unit++)
            bytes /= 1024;
        return Invariant($"{bytes:0.#} {Units[unit]}");
    }

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>For tables: brackets in a server's words are no markup.</summary>
    public static string Plain(string text) => Markup.Escape(text);
}
