using System.Diagnostics.Metrics;

namespace Pharos.Grains.Metrics;

/// <summary>What a device does, measured on its loop.</summary>
internal static class DeviceMetrics
{
    private static readonly Histogram<double> Tokens = PharosMeter.Shared.CreateHistogram(
        "vllm.iteration_tokens_total", "Tokens computed in an iteration, prefill and decode together.", 1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384);

    public static void Iterated(int tokens, KeyValuePair<string, object?> model, KeyValuePair<string, object?> engine) => Tokens.Record(tokens, model, engine);
}
