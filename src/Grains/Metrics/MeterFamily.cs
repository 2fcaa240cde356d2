using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Pharos.Grains.Metrics;

/// <summary>All series of one instrument, added up.</summary>
public sealed class MeterFamily
{
    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private const int MostSeen = 32;
    private readonly double[] _buckets;
    private volatile (KeyValuePair<string, object?>[] Tags, Series Series)[] _seen = []; // replaced, never changed
    private readonly string _help;
    private readonly string _type;
    private readonly bool _isAbsolute; // observable instruments report totals, not increments

    public MeterFamily(Instrument instrument)
    {
        var kind = instrument.GetType().Name;
        _type = kind.StartsWith("Histogram", StringComparison.Ordinal) ? "histogram"
            : kind.Contains("Counter", StringComparison.Ordinal) && !kind.Contains("UpDown", StringComparison.Ordinal) ? "counter" : "gauge";
        _isAbsolute = instrument.IsObservable || kind.StartsWith("Gauge", StringComparison.Ordinal);
        _buckets = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } ? [.. advised] : DefaultBuckets;
        _help = instrument.Description ?? instrument.Name;
        Name = PrometheusName(instrument.Name) + (_type == "counter" && !instrument.Name.EndsWith("_total", StringComparison.Ordinal) ? "_total" : "");
    }

    public string Name { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = Find(tags) ?? Add(tags);
        lock (series)
        {
            series.Sum = _isAbsolute ? value : series.Sum + value;
            series.Count++;
            if (_type == "histogram" && Array.FindIndex(_buckets, bound => value <= bound) is >= 0 and var bucket)
                series.Buckets[bucket]++;
        }
    }

    public void Write(PrometheusText text)
    {
        text.Family(Name, _type, _help);
        foreach (var (labels, series) in _series.OrderBy(series => series.Key, StringComparer.Ordinal))
        {
            lock (series)
            {
                if (_type == "histogram")
                    WriteHistogram(text, labels, series);
                else
                    text.Sample(Name, labels, series.Sum);
            }
        }
    }

    // Measured in every iteration of a device: tags that came before cost a few comparisons and no memory.
    private Series? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (known, series) in _seen)
        {
            if (tags.SequenceEqual(known))
                return series;
        }

        return null;
    }

    private Series Add(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new KeyValuePair<string, string>[tags.Length];
        for (var i = 0; i < tags.Length; i++)
            labels[i] = new(tags[i].Key, Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "");
        var series = _series.GetOrAdd(PrometheusText.Labels(labels), _ => new Series(_buckets.Length));
        if (_seen.Length < MostSeen)
            _seen = [.. _seen, (tags.ToArray(), series)];
        return series;
    }

    private void WriteHistogram(PrometheusText text, string labels, Series series)
    {
        var separated = labels.Length > 0 ? labels + "," : "";
        var below = 0L;
        for (var i = 0; i < _buckets.Length; i++)
            text.Sample(Name + "_bucket", $"{separated}le=\"{PrometheusText.Number(_buckets[i])}\"", below += series.Buckets[i]);
        text.Sample(Name + "_bucket", $"{separated}le=\"+Inf\"", series.Count);
        text.Sample(Name + "_sum", labels, series.Sum);
        text.Sample(Name + "_count", labels, series.Count);
    }

    /// <summary><c>vllm.x</c> is <c>vllm:x</c>, which no instrument may be called; other dots are underscores.</summary>
    private static string PrometheusName(string instrument) =>
        instrument.StartsWith("vllm.", StringComparison.Ordinal) ? "vllm:" + instrument["vllm.".Length..].Replace('.', '_') : instrument.Replace('.', '_');

    private sealed class Series(int buckets)
    {
        public double Sum;
        public long Count;
        public readonly long[] Buckets = new long[buckets];
    }
}
