using System.Xml.Linq;
using Pharos.Simulator.Reports;

namespace Pharos.Simulator.Tests.Reports;

public sealed class ChartsTests
{
    [Fact]
    public void Layers_stand_on_each_other_up_to_the_capacity()
    {
        var chart = XDocument.Parse(Charts.Stacked("memory", "tokens", [0, 10], [("a", [20, 20]), ("b <&>", [60, 80])], most: 100));
        var areas = chart.Descendants().Where(element => element.Name.LocalName == "polygon").Select(Corners).ToList();
        Assert.Equal(2, areas.Count);
        var floor = areas[0].Max(corner => corner.Y); // pixels grow downwards: 0 tokens
        var top = areas[1].Min(corner => corner.Y); // 20 + 80 tokens
        Assert.Equal(0.6 * (floor - top), areas[0].Min(corner => corner.Y) - areas[1][0].Y, 0); // b at 0 s is 60 of 100 high
        Assert.Contains(chart.Descendants(), element => element.Value == "b <&>");
    }

    [Fact]
    public void Axis_in_decades_places_powers_of_ten_evenly_and_labels_them()
    {
        var axis = Axis.Decades("s", [0.03, 700]);
        Assert.Equal((0.01, 1000), (axis.Low, axis.High));
        Assert.Equal([0.01, 0.1, 1, 10, 100, 1000], axis.Ticks().Select(tick => Math.Round(tick, 6)));
        Assert.Equal([0, 0.2, 0.4], ((double[])[0.01, 0.1, 1]).Select(value => Math.Round(axis.Place(value), 9)));
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(7.3, 8)]
    [InlineData(0, 1)]
    public void Linear_axis_begins_at_nothing_and_holds_all(double most, double high)
    {
        var axis = Axis.Linear("rate", [most / 2, most]);
        Assert.Equal((0, high), (axis.Low, axis.High));
        Assert.InRange(axis.Ticks().Count(), 2, 11);
    }

    [Fact]
    public void Lines_have_a_dot_a_point_and_a_whisker_where_there_is_a_margin()
    {
        var chart = XDocument.Parse(Charts.Lines("wait", "rate", "s", [new Series("a", [new(1, 2), new(2, 30, Margin: 5)]), new Series("b", [new(1, 3)])]));
        Assert.Equal(3, chart.Descendants().Count(element => element.Name.LocalName == "circle"));
        Assert.Equal(2, chart.Descendants().Count(element => element.Name.LocalName == "polyline"));
        Assert.Contains(chart.Descendants(), element => element.Name.LocalName == "title" && element.Value == "a: 2, 30");
    }

    private static List<(double X, double Y)> Corners(XElement polygon) =>
        [.. polygon.Attribute("points")!.Value.Split(' ').Select(pair => pair.Split(',')).Select(pair => (double.Parse(pair[0]), double.Parse(pair[1])))];
}
