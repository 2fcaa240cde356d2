using Microsoft.Extensions.Logging;
using Pharos.Grains.Devices;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pool;

namespace Pharos.Grains;

// Which candidate of the family each worker runs.
public sealed partial class SchedulerGrain
{
    private readonly ModelSelector? selector = family.HasChoice
        ? new ModelSelector(options.Value.Helios.Selection, family.Candidates.Select(one => CandidateMemory.Describe(options.Value, one.Loaded, one == family.Reference)))
        : null;

    private CandidateOrder? OrderFor(string worker) =>
        selector is null ? null : new CandidateOrder(selector.TargetOf(worker), selector.AuditShare, [.. selector.Audited]);

    // Workers follow with their next report.
    private void ChooseCandidates()
    {
        if (selector?.Decide(Now) is { } chosen)
            WillSwitch(log, chosen.Worker, chosen.Candidate, chosen.Because);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Worker} is to run {Candidate}: {Because}")]
    private static partial void WillSwitch(ILogger log, string worker, string candidate, string because);
}
