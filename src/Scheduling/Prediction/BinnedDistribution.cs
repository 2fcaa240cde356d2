using System.Collections.Immutable;

namespace Pharos.Scheduling.Prediction;

/// <summary>
/// A distribution of a positive quantity as shares of logarithmic bins, small enough to travel with a forecast. Within a bin values lie
/// evenly. Knowing that the quantity exceeds what was seen of it so far only cuts and scales it, so one distribution serves every moment of
/// a segment or of a tool call (TRAIL, arXiv 2410.01035, refines its bins in the same way after every token).
/// </summary>
/// <param name="Smallest">Lower edge of bin 0, in the quantity's unit (tokens, seconds).</param>
/// <param name="BinsPerOctave">1, 2, 4 or 8.</param>
/// <param name="FirstBin">The bin of the first share; lower ones are empty.</param>
/// <param name="Shares">Of 65,535; empty: nothing is known.</param>
[GenerateSerializer, Alias("pharos.binned-distribution")]
public readonly record struct BinnedDistribution(
    [property: Id(0)] double Smallest, [property: Id(1)] int BinsPerOctave, [property: Id(2)] int FirstBin,
    [property: Id(3)] ImmutableArray<ushort> Shares)
{
    // Powers of two an eighth apart: every residual life needs the edges.
    private const int Finest = 8;
    private static readonly double[] Edges = [.. Enumerable.Range(0, 40 * Finest).Select(i => Math.Pow(2, (double)i / Finest))];

    public bool IsKnown => !Shares.IsDefaultOrEmpty;

    private int Count => Shares.IsDefault ? 0 : Shares.Length;

    /// <summary>The value that stays above a share of 1 - <paramref name="q"/> of what exceeds <paramref name="reached"/>.</summary>
    /// <returns>A value above <paramref name="reached"/>; twice that where all that was seen is less.</returns>
    public double Quantile(double q, double reached = 0)
    {
        var beyond = Mass(reached);
        if (beyond <= 0)
            return 2 * reached;
        var rest = Math.Clamp(q, 0, 1) * beyond;
        double last = reached;
        for (var i = 0; i < Count; i++)
        {
            var (low, high, mass) = Above(i, reached);
            if (mass <= 0)
                continue;
            if (rest <= mass)
                return low + (high - low) * rest / mass;
            rest -= mass;
            last = high;
        }

        return last;
    }

    /// <summary>
    /// What is still to come when <paramref name="reached"/> has been reached: mean residual life and its square. As long again where all
    /// that was seen is less.
    /// </summary>
    public Estimate Beyond(double reached)
    {
        double total = 0, sum = 0, squares = 0;
        for (var i = 0; i < Count; i++)
        {
            var (low, high, mass) = Above(i, reached);
            if (mass <= 0)
                continue;
            double a = low - reached, b = high - reached;
            total += mass;
            sum += mass * (a + b) / 2;
            squares += mass * (a * a + a * b + b * b) / 3;
        }

        return total > 0 ? new Estimate(sum / total, squares / total) : new Estimate(reached, 2 * reached * reached);
    }

    /// <summary>Share of what exceeds <paramref name="reached"/> that stays within <paramref name="limit"/>; 0 where nothing seen exceeds it.</summary>
    public double Within(double limit, double reached = 0)
    {
        var beyond = Mass(reached);
        return beyond <= 0 || limit <= reached ? 0 : 1 - Mass(limit) / beyond;
    }

    /// <summary>Shares in proportion to <paramref name="weights"/>; a bin that holds anything keeps at least one part of 65,535.</summary>
    internal static BinnedDistribution Of(double smallest, int binsPerOctave, ReadOnlySpan<double> weights)
    {
        double total = 0;
        foreach (var weight in weights)
            total += weight;
        int first = 0, end = weights.Length;
        while (first < end && Part(weights[first]) == 0)
            first++;
        while (end > first && Part(weights[end - 1]) == 0)
            end--;
        var shares = ImmutableArray.CreateBuilder<ushort>(end - first);
        for (var i = first; i < end; i++)
            shares.Add(Part(weights[i]));
        return new BinnedDistribution(smallest, binsPerOctave, first, shares.MoveToImmutable());

        ushort Part(double weight) => weight < 1e-6 * total ? (ushort)0 : (ushort)Math.Max(1, Math.Round(weight / total * ushort.MaxValue));
    }

    private double Mass(double reached)
    {
        double mass = 0;
        for (var i = 0; i < Count; i++)
            mass += Above(i, reached).Mass;
        return mass;
    }

    // The part of a bin that lies above a value: its edges and its mass.
    private (double Low, double High, double Mass) Above(int share, double reached)
    {
        double parts = Shares[share];
        var bin = FirstBin + share;
        var low = bin == 0 ? 0 : Smallest * Edges[bin * (Finest / BinsPerOctave)];
        var high = Smallest * Edges[(bin + 1) * (Finest / BinsPerOctave)];
        if (reached <= low)
            return (low, high, parts);
        return reached >= high ? (high, high, 0) : (reached, high, parts * (high - reached) / (high - low));
    }
}
