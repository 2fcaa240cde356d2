using System.Diagnostics.Metrics;
using Pharos.Grains.Metrics;

namespace Pharos.Gateway.Tests;

public sealed class PrometheusTests
{
    [Fact]
    public void Write_CounterAndHistogram_AreInTheTextFormat()
    {
        using var meter = new Meter("Prometheus tests");
        var counter = new MeterFamily(meter.CreateCounter<long>("vllm.request_success", description: "Answers."));
        var histogram = new MeterFamily(meter.CreateHistogram("pharos.wait_seconds", null, "Waits.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] }));

        counter.Record(2, [new("model_name", "m"), new("finished_reason", "a\"b\\c")]);
        counter.Record(1, [new("finished_reason", "a\"b\\c"), new("model_name", "m")]);
        histogram.Record(0.5, []);
        histogram.Record(0.75, []);
        histogram.Record(9, []);
        var text = new PrometheusText();
        counter.Write(text);
        histogram.Write(text);

        Assert.Equal(
            """
            # HELP vllm:request_success_total Answers.
            # TYPE vllm:request_success_total counter
            vllm:request_success_total{finished_reason="a\"b\\c",model_name="m"} 3
            # HELP pharos_wait_seconds Waits.
            # TYPE pharos_wait_seconds histogram
            pharos_wait_seconds_bucket{le="0.5"} 1
            pharos_wait_seconds_bucket{le="1"} 2
            pharos_wait_seconds_bucket{le="+Inf"} 3
            pharos_wait_seconds_sum 10.25
            pharos_wait_seconds_count 3

            """,
            text.ToString());
    }

    [Fact]
    public void Read_InstrumentsOfOtherMeters_AreLeftOut()
    {
        using var reader = new MeterReader();
        using var ours = new Meter(PharosMeter.Name);
        using var other = new Meter("Other");
        ours.CreateCounter<long>("pharos.test_ours").Add(1);
        other.CreateCounter<long>("pharos.test_other").Add(1);

        var text = new PrometheusText();
        reader.Write(text);

        Assert.Contains("pharos_test_ours_total 1\n", text.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("test_other", text.ToString(), StringComparison.Ordinal);
    }
}
