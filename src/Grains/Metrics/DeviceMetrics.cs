using System.Diagnostics.Metrics;

namespace Pharos.Grains.Metrics;

/// <summary>What a device does, measured on its loop.</summary>
internal static class DeviceMetrics
{
    private static readonly Histogram<double> Tokens = PharosMeter.Shared.CreateHistogram(
        "vllm.iteration_tokens_total", "Tokens computed in an iteration, prefill and decode together.", 1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384);

    private static readonly Counter<long> Messages = PharosMeter.Shared.CreateCounter<long>(
        "pharos.token_messages", description: "Messages of workers to gateways: one an iteration that has tokens for it, and empty ones where it is silent.");

    private static readonly KeyValuePair<string, object?> OfTokens = new("kind", "tokens"), OfSilence = new("kind", "heartbeat");

    public static void Told(bool tokens) => Messages.Add(1, tokens ? OfTokens : OfSilence);

    public static void Iterated(int tokens, KeyValuePair<string, object?> model, KeyValuePair<string, object?> engine) => Tokens.Record(tokens, model, engine);
}
