using static Pharos.Simulator.Workloads.Formats.ServeGenFormat;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>Requests of many clients, each with a rate that changes from window to window and lengths of its own.</summary>
internal sealed class ClientWorkload : ITimedWorkload
{
    private const double WindowSeconds = 600;
    private readonly List<ClientWindow> windows;
    private readonly ILookup<string, ClientLengths> lengths;
    private readonly double[] upTo; // summed rates: for picking a window by its share

    public ClientWorkload(string file, List<ClientWindow> rates, List<ClientLengths> known)
    {
        Name = file;
        lengths = known.ToLookup(one => one.Client, StringComparer.Ordinal);
        windows = [.. rates.Where(window => window.Rate > 0 && lengths.Contains(window.Client)).OrderBy(window => window.Start)];
        if (windows.Count == 0)
            throw new FormatException($"{file}: no client has both a rate above 0 and lengths.");
        upTo = new double[windows.Count];
        for (var i = 0; i < upTo.Length; i++)
            upTo[i] = windows[i].Rate + (i > 0 ? upTo[i - 1] : 0);
    }

    public string Name { get; }

    public string? Note => null;

    public Session Draw(Random dice)
    {
        var at = Array.BinarySearch(upTo, dice.NextDouble() * upTo[^1]);
        return Draw(windows[Math.Min(windows.Count - 1, at < 0 ? ~at : at)], dice);
    }

    public IReadOnlyList<Arrival> Recorded(double seconds, Random dice)
    {
        var arrivals = new List<Arrival>();
        var start = windows[0].Start;
        foreach (var window in windows)
        {
            if (window.Start - start >= seconds)
                break;
            var gaps = new GammaGaps(window.Rate, Math.Max(0.1, window.Variation));
            for (var at = gaps.Next(dice); at < WindowSeconds && window.Start - start + at < seconds; at += gaps.Next(dice))
                arrivals.Add(new Arrival(window.Start - start + at, Draw(window, dice)));
        }

        return [.. arrivals.OrderBy(arrival => arrival.At)];
    }

    // The lengths of the nearest window in time that has any.
    private Session Draw(ClientWindow window, Random dice) =>
        lengths[window.Client].MinBy(one => Math.Abs(one.Start - window.Start))!.Draw(dice);
}
