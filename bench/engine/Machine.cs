using System.Runtime.InteropServices;

namespace Pharos.Bench.Engine;

/// <summary>What the figures were taken on.</summary>
internal static class Machine
{
    public static string Describe() => $"{Processor()}, {Environment.ProcessorCount} cores";

    private static string Processor()
    {
        const string information = "/proc/cpuinfo";
        string? line = File.Exists(information) ? File.ReadLines(information).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 2)..] ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    /// <summary>Bytes of this process in memory, apart from pages of mapped files, which the system may drop.</summary>
    public static long ResidentBytes()
    {
        const string status = "/proc/self/status";
        string? line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith("RssAnon:", StringComparison.Ordinal)) : null;
        return line is null ? Environment.WorkingSet : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) * 1024;
    }
}
