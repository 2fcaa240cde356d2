using System.Diagnostics.Metrics;
using System.Globalization;

namespace Pharos.Grains.Devices;

/// <summary>
/// What iterations take, in joules. Where the processor tells (RAPL, Linux' powercap): what all its packages took since the last look, in proportion to this process'
/// processor time, so that what else the machine does counts too. Elsewhere reckoned: processor time at <see cref="WattsOfCore"/>.
/// </summary>
/// <param name="powercap">Folder of the packages' counters.</param>
public sealed class EnergyMeter(TimeProvider time, string powercap = "/sys/class/powercap")
{
    /// <summary>Watts of a busy core where nothing is measured: a server processor of 64 cores and 280 W, with twice that for memory and losses.</summary>
    public const double WattsOfCore = 9;

    private const double LookSeconds = 1;
    private static readonly Meter Meter = new("Pharos");
    private static readonly Counter<double> Used = Meter.CreateCounter<double>("pharos.energy_joules", "J", "Energy that devices' iterations took, by where the figure comes from: rapl is measured, model is reckoned from processor time.");
    private readonly Lock gate = new();
    private readonly string[] packages = [.. Packages(powercap)];
    private Dictionary<string, long>? before; // microjoules
    private double processorBefore, watts = WattsOfCore;
    private long lookedAt;

    /// <summary><c>rapl</c> or <c>model</c>.</summary>
    public string Source => packages.Length > 0 ? "rapl" : "model";

    /// <summary>Takes note of processor time that a device's iteration took.</summary>
    /// <returns>Joules of it.</returns>
    public double Take(double coreSeconds)
    {
        double joules;
        lock (gate)
        {
            if (packages.Length > 0)
                Look();
            joules = coreSeconds * watts;
        }
        Used.Add(joules, new KeyValuePair<string, object?>("source", Source));
        return joules;
    }

    private void Look()
    {
        if (before is not null && time.GetElapsedTime(lookedAt).TotalSeconds < LookSeconds)
            return;
        lookedAt = time.GetTimestamp();
        var now = packages.ToDictionary(package => package, package => ReadNumber(package, "energy_uj") ?? 0);
        var processor = Environment.CpuUsage.TotalTime.TotalSeconds;
        if (before is not null && processor > processorBefore)
            watts = packages.Sum(package => Passed(package, before[package], now[package])) / 1e6 / (processor - processorBefore);
        (before, processorBefore) = (now, processor);
    }

    // The counters begin anew at their range.
    private static double Passed(string package, long then, long now) => now >= then ? now - then : now + (ReadNumber(package, "max_energy_range_uj") ?? then) - then;

    private static IEnumerable<string> Packages(string powercap) => !Directory.Exists(powercap) ? []
        : Directory.EnumerateDirectories(powercap, "intel-rapl:*").Where(folder => Path.GetFileName(folder).Count(c => c == ':') == 1 && ReadNumber(folder, "energy_uj") is not null)
            .Order(StringComparer.Ordinal);

    private static long? ReadNumber(string folder, string file)
    {
        try
        {
            return long.Parse(File.ReadAllText(Path.Combine(folder, file)), NumberStyles.None | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            return null; // not there, or for root alone
        }
    }
}
