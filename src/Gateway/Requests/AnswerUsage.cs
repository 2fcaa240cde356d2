using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Requests;

/// <summary>What several answers of one response took together.</summary>
internal static class AnswerUsage
{
    /// <summary>The prompt is one and counts once, as does what of it was cached: as the first answer had it.</summary>
    /// <param name="usages">At least one.</param>
    public static RequestUsage Sum(IEnumerable<RequestUsage> usages) => usages.Aggregate((sum, one) => sum with
    {
        CompletionTokens = sum.CompletionTokens + one.CompletionTokens,
        KvTokenSeconds = sum.KvTokenSeconds + one.KvTokenSeconds,
        QueueSeconds = sum.QueueSeconds + one.QueueSeconds,
        ToolSeconds = sum.ToolSeconds + one.ToolSeconds,
        Receipts = sum.Receipts + one.Receipts,
        Preemptions = sum.Preemptions + one.Preemptions,
        Migrations = sum.Migrations + one.Migrations,
        PrefillSeconds = sum.PrefillSeconds + one.PrefillSeconds,
        DecodeSeconds = sum.DecodeSeconds + one.DecodeSeconds,
    });
}
