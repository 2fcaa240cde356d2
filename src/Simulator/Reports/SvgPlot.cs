using System.Globalization;
using System.Net;
using System.Text;

namespace Pharos.Simulator.Reports;

/// <summary>
/// A plot area with axes, ticks and a legend as SVG text: no fonts, scripts or styles from outside, so that it shows wherever Markdown does.
/// Values are placed by <see cref="X"/> and <see cref="Y"/>; <see cref="Charts"/> draws into it.
/// </summary>
public sealed class SvgPlot
{
    private const double Left = 70, Top = 40, Bottom = 50, LegendWidth = 170;
    private static readonly string[] Palette =
    [
        "#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#bcbd22", "#7f7f7f", "#003f5c", "#a05195",
        "#665191", "#f95d6a", "#488f31", "#de425b", "#00876c", "#b5651d", "#4b0082", "#708090",
    ];

    private readonly StringBuilder body = new();
    private readonly Axis x, y;
    private readonly double width, height;
    private int legends;

    /// <param name="width">Of the plot area in pixels, without axes and legend.</param>
    public SvgPlot(string title, Axis x, Axis y, double width = 620, double height = 360)
    {
        (this.x, this.y, this.width, this.height) = (x, y, width, height);
        Text(Left + width / 2, 22, title, "middle", 15, bold: true);
        foreach (var tick in x.Ticks())
        {
            Line(X(tick), Top, X(tick), Top + height, "#e6e6e6");
            Text(X(tick), Top + height + 18, Axis.Label(tick), "middle");
        }

        foreach (var tick in y.Ticks())
        {
            Line(Left, Y(tick), Left + width, Y(tick), "#e6e6e6");
            Text(Left - 8, Y(tick) + 4, Axis.Label(tick), "end");
        }

        Line(Left, Top + height, Left + width, Top + height, "#333333");
        Line(Left, Top, Left, Top + height, "#333333");
        Text(Left + width / 2, Top + height + 40, x.Name, "middle");
        body.Append(Invariant($"<text transform=\"translate(16 {Top + height / 2}) rotate(-90)\" text-anchor=\"middle\" font-size=\"12\">{Escaped(y.Name)}</text>\n"));
    }

    /// <summary>The same colour for the same place in a list of series.</summary>
    public static string Colour(int index) => Palette[index % Palette.Length];

    public double X(double value) => Left + width * Math.Clamp(x.Place(value), 0, 1);

    public double Y(double value) => Top + height * (1 - Math.Clamp(y.Place(value), 0, 1));

    public void Curve(IEnumerable<(double X, double Y)> points, string colour, bool dashed = false) => body.Append(Invariant(
        $"<polyline points=\"{Joined(points)}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{(dashed ? " stroke-dasharray=\"5 3\"" : "")}/>\n"));

    public void Area(IEnumerable<(double X, double Y)> outline, string colour) =>
        body.Append(Invariant($"<polygon points=\"{Joined(outline)}\" fill=\"{colour}\" stroke=\"none\"/>\n"));

    /// <param name="hint">What a pointer over it is told.</param>
    public void Dot(double atX, double atY, string colour, string hint) => body.Append(Invariant(
        $"<circle cx=\"{X(atX):F1}\" cy=\"{Y(atY):F1}\" r=\"3.2\" fill=\"{colour}\"><title>{Escaped(hint)}</title></circle>\n"));

    /// <summary>An interval of uncertainty.</summary>
    public void Whisker(double atX, double low, double high, string colour) => Line(X(atX), Y(low), X(atX), Y(high), colour);

    public void Legend(string name, string colour)
    {
        var top = Top + 16 * legends++;
        body.Append(Invariant($"<rect x=\"{Left + width + 14}\" y=\"{top}\" width=\"11\" height=\"11\" fill=\"{colour}\"/>\n"));
        Text(Left + width + 31, top + 10, name, "start", 11);
    }

    public override string ToString() => Invariant(
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Left + width + LegendWidth} {Math.Max(Top + height + Bottom, Top + 16 * legends + 10)}" font-family="sans-serif" font-size="12" fill="#222222">
        <rect width="100%" height="100%" fill="#ffffff"/>
        {body}</svg>

        """);

    private string Joined(IEnumerable<(double X, double Y)> points) =>
        string.Join(' ', points.Select(point => Invariant($"{X(point.X):F1},{Y(point.Y):F1}")));

    private void Line(double x1, double y1, double x2, double y2, string colour) =>
        body.Append(Invariant($"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" stroke=\"{colour}\"/>\n"));

    private void Text(double atX, double atY, string text, string anchor, int size = 12, bool bold = false) => body.Append(Invariant(
        $"<text x=\"{atX:F1}\" y=\"{atY:F1}\" text-anchor=\"{anchor}\" font-size=\"{size}\"{(bold ? " font-weight=\"bold\"" : "")}>{Escaped(text)}</text>\n"));

    private static string Escaped(string text) => WebUtility.HtmlEncode(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
