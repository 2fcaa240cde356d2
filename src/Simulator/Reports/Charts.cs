namespace Pharos.Simulator.Reports;

/// <summary>A line of a chart; intervals are drawn where they have a width.</summary>
public sealed record Series(string Name, IReadOnlyList<SeriesPoint> Points);

/// <param name="Margin">Half of the interval of uncertainty, in the unit of <paramref name="Y"/>.</param>
public readonly record struct SeriesPoint(double X, double Y, double Margin = 0);

/// <summary>The charts of the simulator, as SVG text.</summary>
public static class Charts
{
    /// <summary>A line a series over a shared x.</summary>
    public static string Lines(string title, string xName, string yName, IReadOnlyList<Series> series, bool decades = true)
    {
        var points = series.SelectMany(one => one.Points).ToList();
        var plot = new SvgPlot(title, Axis.Linear(xName, points.Select(point => point.X)), decades
            ? Axis.Decades(yName, points.Select(point => point.Y))
            : Axis.Linear(yName, points.Select(point => point.Y)));
        for (var i = 0; i < series.Count; i++)
        {
            var colour = SvgPlot.Colour(i);
            plot.Curve(series[i].Points.Select(point => (point.X, point.Y)), colour, dashed: i >= 10);
            foreach (var point in series[i].Points)
            {
                if (point.Margin > 0)
                    plot.Whisker(point.X, Math.Max(point.Y - point.Margin, 1e-9), point.Y + point.Margin, colour);
                plot.Dot(point.X, point.Y, colour, $"{series[i].Name}: {Axis.Label(point.X)}, {Axis.Label(point.Y)}");
            }

            plot.Legend(series[i].Name, colour);
        }

        return plot.ToString();
    }

    /// <summary>A dot a series and point: what is bought of one quantity with the other; both in decades.</summary>
    public static string Frontier(string title, string xName, string yName, IReadOnlyList<Series> series)
    {
        var points = series.SelectMany(one => one.Points).ToList();
        var plot = new SvgPlot(title, Axis.Decades(xName, points.Select(point => point.X)), Axis.Decades(yName, points.Select(point => point.Y)));
        for (var i = 0; i < series.Count; i++)
        {
            foreach (var point in series[i].Points)
                plot.Dot(point.X, point.Y, SvgPlot.Colour(i), $"{series[i].Name}: {Axis.Label(point.X)}, {Axis.Label(point.Y)}");
            plot.Legend(series[i].Name, SvgPlot.Colour(i));
        }

        return plot.ToString();
    }

    /// <summary>Layers on top of each other over time.</summary>
    /// <param name="times">Seconds, ascending.</param>
    /// <param name="layers">From the bottom up; a value a time each.</param>
    /// <param name="most">Top of the y axis: the capacity.</param>
    public static string Stacked(
        string title, string yName, IReadOnlyList<double> times, IReadOnlyList<(string Name, IReadOnlyList<double> Values)> layers, double most)
    {
        var plot = new SvgPlot(title, new Axis("time, s", times.Count > 0 ? times[0] : 0, times.Count > 1 ? times[^1] : 1), new Axis(yName, 0, most));
        var floor = new double[times.Count];
        for (var i = 0; i < layers.Count; i++)
        {
            var (name, values) = layers[i];
            var top = floor.Zip(values, (below, value) => below + value).ToArray();
            plot.Area(
                times.Select((time, at) => (time, top[at])).Concat(times.Select((time, at) => (time, floor[at])).Reverse()), SvgPlot.Colour(i));
            plot.Legend(name, SvgPlot.Colour(i));
            floor = top;
        }

        return plot.ToString();
    }
}
