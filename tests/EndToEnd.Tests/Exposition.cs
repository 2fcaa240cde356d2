using System.Globalization;
using System.Text.RegularExpressions;

namespace Pharos.EndToEnd.Tests;

public sealed record Sample(string Name, string Labels, double Value);

/// <summary>A page of Prometheus text, read as strictly as its format says (version 0.0.4).</summary>
public sealed partial record Exposition(IReadOnlyList<Sample> Samples, IReadOnlyDictionary<string, string> Types)
{
    public double Sum(string name) => Samples.Where(sample => sample.Name == name).Sum(sample => sample.Value);

    public static Exposition Parse(string page)
    {
        var samples = new List<Sample>();
        var types = new Dictionary<string, string>();
        var (family, helped) = ("", "");
        Assert.EndsWith("\n", page);
        foreach (var line in page[..^1].Split('\n'))
        {
            if (Help().Match(line) is { Success: true } help)
            {
                helped = help.Groups[1].Value;
            }
            else if (Type().Match(line) is { Success: true } type)
            {
                family = type.Groups[1].Value;
                Assert.Equal(helped, family);
                Assert.True(types.TryAdd(family, type.Groups[2].Value), $"{family} comes twice");
                Assert.True(types[family] != "counter" || family.EndsWith("_total", StringComparison.Ordinal), $"the counter {family} must end in _total");
            }
            else
            {
                var sample = Line().Match(line);
                Assert.True(sample.Success, $"not a sample: {line}");
                var name = sample.Groups[1].Value;
                Assert.True(name == family || (types[family] == "histogram" && name[family.Length..] is "_bucket" or "_sum" or "_count"), $"{name} in the family {family}");
                samples.Add(new Sample(name, sample.Groups[2].Value, Number(sample.Groups[3].Value)));
            }
        }

        Assert.Equal(samples.Count, samples.DistinctBy(sample => (sample.Name, sample.Labels)).Count());
        foreach (var histogram in types.Where(type => type.Value == "histogram").Select(type => type.Key))
            CheckBuckets(histogram, samples);
        return new Exposition(samples, types);
    }

    private static void CheckBuckets(string histogram, List<Sample> samples)
    {
        foreach (var series in samples.Where(sample => sample.Name == histogram + "_bucket").GroupBy(sample => Bound().Replace(sample.Labels, "")))
        {
            Assert.Equal(series.Select(bucket => bucket.Value).Order(), series.Select(bucket => bucket.Value));
            Assert.Contains("le=\"+Inf\"", series.Last().Labels);
            Assert.Equal(samples.Single(sample => sample.Name == histogram + "_count" && sample.Labels == series.Key).Value, series.Last().Value);
        }
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .+$")]
    private static partial Regex Help();

    [GeneratedRegex(@"^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$")]
    private static partial Regex Type();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*"(?:,(?!\})|(?=\})))+)\})? ([+-]Inf|NaN|-?[0-9.]+(?:[eE][+-]?[0-9]+)?)$""")]
    private static partial Regex Line();

    [GeneratedRegex(",?le=\"[^\"]*\"")]
    private static partial Regex Bound();
}
