using System.Diagnostics.Metrics;
using Pharos.Gateway.Metrics;
using Pharos.Grains;
using Pharos.Grains.Metrics;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;

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

    [Fact]
    public void Write_PoolThatPromises_ShowsWhatItPromisesAndHowItWasKept()
    {
        var pool = Pool(new PromiseState(PromiseMode.Order, 25, 2, 0.9, 0.95, 0.04, 100, 7, 1));
        var text = new PrometheusText();
        PoolGauges.Write(text, pool);
        string[] expected =
        [
            "pharos_promise{state=\"promise\"} 0", "pharos_promise{state=\"order\"} 1", "pharos_promise{state=\"shed\"} 0",
            "pharos_load{bound=\"mean\"} 0.95", "pharos_load{bound=\"sustainable\"} 0.9",
            "pharos_promised_requests_total{outcome=\"kept\",worker=\"w\"} 7", "pharos_promised_requests_total{outcome=\"violated\",worker=\"w\"} 1",
        ];
        Assert.All(expected, line => Assert.Contains(line + "\n", text.ToString(), StringComparison.Ordinal));

        var silent = new PrometheusText();
        PoolGauges.Write(silent, Pool(null));
        Assert.DoesNotContain("pharos_promise", silent.ToString(), StringComparison.Ordinal);
    }

    private static PoolDescription Pool(PromiseState? promise) => new(
        "pool", 0,
        [
            new WorkerSnapshot("w", "silo", "cpu0", "spark", 1, 1, WorkerState.Active, new KvUse(16, 1, 10, 10, 0, 0, 0), 8, 100, 0.01, 1, [],
                new WorkerCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), DeviceProfile.GptJ6bA100, Promise: promise),
        ],
        [], "pharos-bounded", "pharos", promise);
}
