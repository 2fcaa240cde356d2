namespace Pharos.Scheduling.Fairness;

/// <summary>
/// What was spent in the last minute, by seconds, against a limit: over any 60 seconds no more is spent than the limit, if whoever spends asks first. What is spent may
/// lie a little ahead, for a lease that may be used until then.
/// </summary>
/// <param name="limit">In units a minute; 0: none.</param>
public sealed class MinuteWindow(double limit)
{
    /// <summary>Seconds that spending may lie ahead.</summary>
    public const int MostAhead = 3;

    private const int Minute = 61; // whole seconds, so that the oldest is over a minute old when it goes
    private readonly double[] spent = new double[Minute + MostAhead];
    private long current;
    private double sum;

    public bool IsLimited => Limit > 0;

    /// <summary>In units a minute; 0: none. What was spent stays spent when it changes.</summary>
    public double Limit { get; set; } = limit;

    /// <summary>What may still be spent; below 0 where more was used than could be known before.</summary>
    public double Left(double now)
    {
        Roll(now);
        return IsLimited ? Limit - sum : double.PositiveInfinity;
    }

    /// <returns>The second it is booked in, to be named by <see cref="GiveBack"/>.</returns>
    public long Spend(double amount, double now, double ahead = 0)
    {
        Roll(now);
        var second = Math.Clamp((long)Math.Floor(now + ahead), current, current + MostAhead);
        spent[second % spent.Length] += amount;
        sum += amount;
        return second;
    }

    /// <summary>Something booked in that second was not used.</summary>
    public void GiveBack(double amount, long second, double now)
    {
        Roll(now);
        if (second <= current - Minute || second > current + MostAhead)
            return;
        var back = Math.Clamp(amount, 0, spent[second % spent.Length]);
        spent[second % spent.Length] -= back;
        sum -= back;
    }

    /// <summary>Seconds until so much may be spent, if nothing else is until then; null where it never can be.</summary>
    public double? SecondsUntil(double amount, double now)
    {
        var missing = amount - Left(now);
        if (missing <= 0)
            return 0;
        if (amount > Limit)
            return null;
        for (var second = current - Minute + 1; second <= current + MostAhead; second++)
        {
            missing -= Math.Max(0, spent[((second % spent.Length) + spent.Length) % spent.Length]);
            if (missing <= 0)
                return second + Minute - now;
        }

        return Minute + MostAhead;
    }

    // Seconds that have gone leave the sum, and their places are free for those ahead.
    private void Roll(double now)
    {
        var second = (long)Math.Floor(now);
        if (second <= current)
            return;
        if (second - current >= spent.Length)
        {
            Array.Clear(spent);
            sum = 0;
        }
        else
        {
            for (var next = current + MostAhead + 1; next <= second + MostAhead; next++)
            {
                sum -= spent[next % spent.Length];
                spent[next % spent.Length] = 0;
            }
        }

        current = second;
    }
}
