using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Pharos.Grains.Metrics;

/// <summary>Listens to every instrument of the meter <c>Pharos</c>, whoever in the process made it, and shows the totals.</summary>
public sealed class MeterReader : IDisposable
{
    private readonly ConcurrentDictionary<string, MeterFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public MeterReader()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == PharosMeter.Name)
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument.Name, _ => new MeterFamily(instrument)));
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((MeterFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((MeterFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((MeterFamily)family!).Record(value, tags));
        _listener.Start();
        PharosMeter.Open();
    }

    public void Write(PrometheusText text)
    {
        _listener.RecordObservableInstruments();
        foreach (var family in _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal))
            family.Write(text);
    }

    public string Page()
    {
        var text = new PrometheusText();
        Write(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();
}
