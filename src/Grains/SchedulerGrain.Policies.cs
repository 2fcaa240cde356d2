using Microsoft.Extensions.Logging;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Ranking;

namespace Pharos.Grains;

// The policies in force: as configured, or as an operator switched them.
public sealed partial class SchedulerGrain
{
    /// <summary>How often the choice is asked for again, which keeps it from expiring in the store.</summary>
    private static readonly TimeSpan ChoiceAge = TimeSpan.FromHours(1);

    private string? chosenPause;
    private long? choiceAskedAt;

    private string PausePolicy => chosenPause ?? options.Value.Policy.Pause;

    private IPolicyGrain Choice => GrainFactory.GetGrain<IPolicyGrain>(this.GetPrimaryKeyString());

    public async Task<PoolPolicies> SwitchPolicies(string? rank, string? pause)
    {
        if (rank is not null)
            RankingPolicies.Find(rank);
        if (pause is not null)
            PausePolicies.Find(pause);
        if (rank is not null || pause is not null)
            await Choice.Choose(rank, pause); // first: what is said to be in force outlives this activation
        Use(rank, pause);
        return new PoolPolicies(core.Ranking.Name, PausePolicy, core.Routing);
    }

    // A scheduler works from its first moment, as configured, and learns within a second what was chosen.
    private async Task AskForChoice()
    {
        if (choiceAskedAt is { } at && time.GetElapsedTime(at) < ChoiceAge)
            return;
        try
        {
            var asked = time.GetTimestamp();
            var chosen = await Choice.Chosen();
            Use(chosen.Rank, chosen.Pause);
            choiceAskedAt = asked;
        }
        catch (Exception failure)
        {
            ChoiceUnknown(log, this.GetPrimaryKeyString(), failure.Message); // asked again in a second
        }
    }

    private void Use(string? rank, string? pause)
    {
        chosenPause = pause ?? chosenPause;
        if (rank is not null && rank != core.Ranking.Name)
            core.Ranking = RankingPolicies.Find(rank, options.Value.Policy.Promise);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "What was chosen for pool {Pool} is not known yet: {Because}")]
    private static partial void ChoiceUnknown(ILogger log, string pool, string because);
}
