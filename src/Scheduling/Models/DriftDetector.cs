namespace Pharos.Scheduling.Models;

/// <summary>
/// Tells when the mean of a stream has risen or fallen (the test of E. S. Page, 1954, in Hinkley's form), in place of looking anew after a fixed number of
/// requests: it is quick where much has changed, and silent where nothing has.
/// </summary>
/// <param name="tolerance">Changes of the mean below this are none, in units of the stream.</param>
/// <param name="alarm">Sum of what goes beyond it that is a change.</param>
public sealed class DriftDetector(double tolerance, double alarm)
{
    private const int Enough = 10; // observations before a mean means anything
    private long count;
    private double mean, rise, fall, lowest, highest;

    /// <summary>Takes the next value; true: the stream is another one now, and is learned anew.</summary>
    public bool Observe(double value)
    {
        count++;
        mean += (value - mean) / count;
        if (count <= Enough)
            return false;
        rise += value - mean - tolerance;
        fall += value - mean + tolerance;
        lowest = Math.Min(lowest, rise);
        highest = Math.Max(highest, fall);
        if (rise - lowest <= alarm && highest - fall <= alarm)
            return false;
        (count, mean, rise, fall, lowest, highest) = (0, 0, 0, 0, 0, 0);
        return true;
    }
}
