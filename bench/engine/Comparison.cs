using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>Takes samples of both engines in turn, each beside a probe of the machine's limits, and gives medians.</summary>
internal sealed class Comparison(LoadedModel model, string dtype, long weightBytes, long kvBytesPerToken, int threads, IEngine ours, IEngine? peer, Func<Limits> probe)
{
    private const double SecondsOfSample = 0.25;
    private const int MostSteps = 48; // the peer's context deepens by one a step

    private readonly Clock clock = new(threads);

    public int Repeats { get; init; } = 5;

    public Sample Decode(int batch, int depth)
    {
        ours.Prepare(batch, depth);
        peer?.Prepare(batch, depth);
        double bytes = weightBytes + (double)batch * depth * kvBytesPerToken;
        return Measure("decode", batch, depth, batch, bytes, (double)batch * model.Architecture.Parameters, static engine => engine.Decode(), static engine => engine.Rewind());
    }

    public Sample Prefill(int tokens)
    {
        // Only the last token of a prompt gets logits.
        double head = (double)model.Architecture.VocabularySize * model.Architecture.HiddenSize, macs = tokens * (model.Architecture.Parameters - head) + head;
        return Measure("prefill", tokens, 0, tokens, weightBytes, macs, engine => engine.Prefill(tokens), static _ => { });
    }

    private Sample Measure(string test, int batch, int depth, int tokens, double bytes, double macs, Action<IEngine> step, Action<IEngine> afterwards)
    {
        double[] own = new double[Repeats], others = new double[Repeats], ofBandwidth = new double[Repeats], ofPeak = new double[Repeats];
        step(ours); // not a sample: pages and caches warm up
        afterwards(ours);
        if (peer is not null)
        {
            step(peer);
            afterwards(peer);
        }
        for (int i = 0; i < Repeats; i++)
        {
            var before = probe();
            own[i] = SecondsOfStep(ours, step, afterwards);
            var after = probe();
            ofBandwidth[i] = bytes / own[i] / ((before.BytesPerSecond + after.BytesPerSecond) / 2);
            ofPeak[i] = 2 * macs / own[i] / ((before.FlopsPerSecond + after.FlopsPerSecond) / 2);
            if (peer is not null)
                others[i] = SecondsOfStep(peer, step, afterwards);
        }
        return new Sample(
            test, dtype, batch, depth, threads, tokens / Median(own), Math.Round(Median(ofBandwidth), 3), Math.Round(Median(ofPeak), 3),
            peer is null ? null : new PeerSample(tokens / Median(others)));
    }

    private double SecondsOfStep(IEngine engine, Action<IEngine> step, Action<IEngine> afterwards)
    {
        double start = clock.Now;
        int steps = 0;
        double elapsed;
        do
        {
            step(engine);
            steps++;
            elapsed = clock.Now - start;
        }
        while (elapsed < SecondsOfSample && steps < MostSteps);
        afterwards(engine);
        return elapsed / steps;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
