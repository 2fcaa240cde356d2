using System.Diagnostics;

namespace Pharos.Bench.Engine;

/// <summary>
/// Seconds of work. On one thread that is the processor time of this process, which other users of the machine hardly change; several threads also
/// wait for each other, so there it is the time on the wall.
/// </summary>
internal sealed class Clock(int threads)
{
    public double Now => threads == 1 ? Environment.CpuUsage.TotalTime.TotalSeconds : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
}
