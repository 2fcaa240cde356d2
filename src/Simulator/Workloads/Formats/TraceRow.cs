using System.Globalization;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>One row and where it stands. What cannot be read is a <see cref="FormatException"/> with file, line and column.</summary>
internal readonly struct TraceRow(string file, int line, Func<string, string?> cell)
{
    public int Line => line;

    /// <summary>The cell's text; "" where the column is missing or empty.</summary>
    public string Text(string column) => cell(column)?.Trim() ?? "";

    public int Whole(string column, int least) =>
        long.TryParse(Text(column), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) && value >= least && value <= int.MaxValue
            ? (int)value
            : throw Bad(column, $"expected a whole number from {least} on, came '{Text(column)}'");

    public double Seconds(string column) => Number(column, "seconds");

    public double Number(string column, string what = "a number") =>
        double.TryParse(Text(column), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && double.IsFinite(value)
            ? value
            : throw Bad(column, $"expected {what} from 0 on, came '{Text(column)}'");

    public double? SecondsIfAny(string column) => Text(column).Length == 0 ? null : Seconds(column);

    public FormatException Bad(string column, string what) => new($"{file}, line {line}, {column}: {what}.");
}
