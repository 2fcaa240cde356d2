using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Worker;

namespace Pharos.Simulator;

/// <summary>
/// A device that only lets time pass. An iteration takes what the profile says of its tokens and context. Block copies go one after another
/// over one link to the host, in the order planned, while the device computes. An iteration waits for a copy only where it needs the result
/// at once: the blocks that its own sequences bring back, and blocks it writes to whose old content is still on its way out.
/// </summary>
public sealed class SimulatedDevice
{
    private readonly DeviceProfile profile;
    private readonly double secondsPerBlock;
    private readonly double[] readyAt; // [device block] when the last copy from or to it is done
    private double linkFreeAt;

    private readonly double rebuildSeconds;

    /// <param name="rebuildSeconds">For each context token kept in a compact form.</param>
    public SimulatedDevice(DeviceProfile profile, int blockSize, int deviceBlocks, double rebuildSeconds = 0)
    {
        this.rebuildSeconds = rebuildSeconds;
        this.profile = profile;
        secondsPerBlock = profile.SwapSeconds(blockSize);
        readyAt = new double[deviceBlocks];
    }

    /// <summary>Seconds that iterations waited for copies.</summary>
    public double StalledSeconds { get; private set; }

    /// <summary>Executes a plan from <paramref name="now"/> on.</summary>
    /// <returns>Seconds the device waits for copies, then seconds it computes; both 0 for a plan of copies alone.</returns>
    public (double Stall, double Compute) Execute(IterationPlan plan, WorkerCore core, double now)
    {
        linkFreeAt = Math.Max(linkFreeAt, now);
        foreach (var copy in plan.Copies)
        {
            linkFreeAt += secondsPerBlock;
            readyAt[copy.From == KvTier.Device ? copy.Source : copy.Target] = linkFreeAt;
        }

        if (plan.Batch.Count == 0)
            return (0, 0);
        var start = plan.WaitsForCopies ? linkFreeAt : now;
        if (linkFreeAt > start)
        {
            foreach (var planned in plan.Batch)
            {
                // All blocks of its table: those read may be on their way in, those written may still be on their way out.
                var table = core.BlockTable(planned.Sequence);
                var last = (planned.Start + planned.Count - 1) / planned.Sequence.TokensPerBlock;
                for (var i = 0; i <= last; i++)
                    start = Math.Max(start, readyAt[table[i]]);
            }
        }

        StalledSeconds += start - now;
        return (start - now, profile.IterationSeconds(plan.Tokens, plan.ContextTokens) + rebuildSeconds * plan.RebuiltTokens);
    }
}
