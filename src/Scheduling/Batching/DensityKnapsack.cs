namespace Pharos.Scheduling.Batching;

/// <summary>
/// Which candidates are in the next iteration, and in which form: the most value within the memory, at most one option a candidate (multiple-choice
/// knapsack; Apt-Serve, arXiv 2504.07494, section 5, for any number of representations). Greedy on the convex hulls: each candidate's options that
/// lie on its hull are steps of falling value per block, and the steps of all candidates are taken by density. What is taken before the first step that
/// does not fit, together with that step, is worth at least the optimum; so the better of the former and the best single option is worth half of it.
/// O(n log n). Reused from iteration to iteration: allocates nothing once it has grown.
/// </summary>
public sealed class DensityKnapsack
{
    private Step[] steps = [];
    private double[] density = []; // sort keys, negative
    private int[] order = []; // of the steps, by density
    private int[] hull = [];
    private int count;

    /// <summary>Steps by the place at which the last <see cref="Solve"/> considered them: options, the densest first; an upgrade follows what it replaces.</summary>
    public Step this[int place] => steps[order[place]];

    public int Count => count;

    /// <param name="options">Of all candidates, those of one side by side, in any order.</param>
    /// <param name="capacity">Blocks.</param>
    /// <param name="chosen">[candidate] receives the index of the option taken, or -1.</param>
    /// <returns>The value of what was chosen.</returns>
    public double Solve(ReadOnlySpan<BatchOption> options, int capacity, Span<int> chosen)
    {
        chosen.Fill(-1);
        count = 0;
        if (steps.Length < options.Length)
            (steps, density, order, hull) = (new Step[2 * options.Length], new double[2 * options.Length], new int[2 * options.Length], new int[2 * options.Length]);
        var best = -1;
        for (int first = 0, end; first < options.Length; first = end)
        {
            for (end = first + 1; end < options.Length && options[end].Candidate == options[first].Candidate;)
                end++;
            AddHull(options, first, end, capacity);
            for (var i = first; i < end; i++)
            {
                if (options[i].Blocks <= capacity && options[i].Value > (best < 0 ? 0 : options[best].Value))
                    best = i;
            }
        }

        for (var i = 0; i < count; i++)
            (density[i], order[i]) = (-steps[i].Value / steps[i].Blocks, i);
        Array.Sort(density, order, 0, count);
        var (value, left) = (0.0, capacity);
        for (var i = 0; i < count; i++)
        {
            ref readonly var step = ref steps[order[i]];
            var candidate = options[step.Option].Candidate;
            if (step.Blocks > left || chosen[candidate] != step.Replaces)
                continue; // what comes behind may be smaller
            chosen[candidate] = step.Option;
            left -= step.Blocks;
            value += step.Value;
        }

        if (best >= 0 && options[best].Value > value)
        {
            chosen.Fill(-1);
            chosen[options[best].Candidate] = best;
            value = options[best].Value;
        }

        return value;
    }

    // The corners of the upper hull from (0 blocks, 0 value) on, as steps.
    private void AddHull(ReadOnlySpan<BatchOption> options, int first, int end, int capacity)
    {
        var corners = 0;
        for (var i = first; i < end; i++)
        {
            if (options[i].Blocks <= capacity)
                hull[corners++] = i;
        }

        for (var i = 1; i < corners; i++) // few options: insertion by blocks, of equal ones the most valuable first
        {
            for (var j = i; j > 0 && Before(options[hull[j]], options[hull[j - 1]]); j--)
                (hull[j], hull[j - 1]) = (hull[j - 1], hull[j]);
        }

        var kept = 0;
        for (var i = 0; i < corners; i++)
        {
            ref readonly var option = ref options[hull[i]];
            if (option.Value <= (kept == 0 ? 0 : options[hull[kept - 1]].Value))
                continue;
            while (kept > 0 && !Falls(kept > 1 ? options[hull[kept - 2]] : default, options[hull[kept - 1]], option))
                kept--;
            hull[kept++] = hull[i];
        }

        for (var i = 0; i < kept; i++)
        {
            var (from, to) = (i == 0 ? default : options[hull[i - 1]], options[hull[i]]);
            steps[count++] = new Step(hull[i], i == 0 ? -1 : hull[i - 1], to.Blocks - from.Blocks, to.Value - from.Value);
        }
    }

    private static bool Before(in BatchOption a, in BatchOption b) => a.Blocks != b.Blocks ? a.Blocks < b.Blocks : a.Value > b.Value;

    // Whether value per block falls at b on the way from a to c.
    private static bool Falls(in BatchOption a, in BatchOption b, in BatchOption c) =>
        (b.Value - a.Value) * (c.Blocks - b.Blocks) > (c.Value - b.Value) * (b.Blocks - a.Blocks);

    /// <param name="Option">Taken by this step.</param>
    /// <param name="Replaces">The same candidate's option that it improves on; -1: none.</param>
    /// <param name="Blocks">More than that one takes.</param>
    /// <param name="Value">More than that one is worth.</param>
    public readonly record struct Step(int Option, int Replaces, int Blocks, double Value);
}
