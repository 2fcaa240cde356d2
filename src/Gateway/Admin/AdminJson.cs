using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pharos.Grains;
using Pharos.Grains.Tools;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Admin;

/// <summary>One JSON shape of a request, as operators see it.</summary>
/// <param name="ArrivedAt">Unix seconds.</param>
/// <param name="Why">Why it waits, in words; null where it does not.</param>
internal sealed record RequestJson(
    string Id, string Model, string Tenant, string State, string? Worker, RankDescription? Rank, IEnumerable<TimelineEntry> Timeline,
    IEnumerable<ReceiptJson> Receipts, RequestUsage Usage, double ArrivedAt, string? Why)
{
    public static RequestJson Of(RequestDescription request, string? why) => new(
        request.Id, request.Model, request.Tenant, request.State, request.Worker, request.Rank, request.Timeline,
        request.Receipts.Select(ReceiptJson.Of), request.Usage, request.ArrivalAt, why);
}

internal sealed record ReceiptJson(
    string Call, string Tool, double At, QuantilesJson PredictedSeconds, int ContextTokens, PausePrices Prices, PauseAction Decision, string Until,
    double? ActualSeconds, double RegretTokenSeconds, IEnumerable<PauseRevision> Revisions)
{
    public static ReceiptJson Of(PauseReceipt receipt) => new(
        receipt.Call, receipt.Tool, receipt.At, new QuantilesJson(receipt.PredictedP50, receipt.PredictedP90), receipt.ContextTokens, receipt.Prices,
        receipt.Decision, receipt.Until, receipt.ActualSeconds, receipt.RegretTokenSeconds, receipt.Revisions);
}

internal sealed record QuantilesJson(double P50, double P90);

internal sealed record WorkerJson(
    string Id, string Silo, string Device, WorkerState State, int Running, int Waiting, ParkedJson Parked, KvJson Kv, IterationJson Iteration)
{
    public static WorkerJson Of(WorkerSnapshot worker)
    {
        var sequences = worker.Sequences;
        var parked = sequences.Where(sequence => sequence.Phase == SequencePhase.Parked).ToList();
        return new WorkerJson(
            worker.Worker,
            worker.Silo,
            worker.Device,
            worker.State,
            sequences.Count(sequence => sequence.Phase == SequencePhase.Running),
            sequences.Count(sequence => sequence.Phase == SequencePhase.Waiting),
            new ParkedJson(
                parked.Count(sequence => sequence.DeviceTokens > 0),
                parked.Count(sequence => sequence is { DeviceTokens: 0, HostTokens: > 0 }),
                parked.Count(sequence => sequence is { DeviceTokens: 0, HostTokens: 0 })),
            KvJson.Of(worker.Kv),
            new IterationJson(worker.TokensPerSecond, worker.IterationSeconds));
    }
}

/// <summary>Parked sequences by where their cache is.</summary>
internal sealed record ParkedJson(int Device, int Host, int None);

/// <summary>All in bytes. Used counts what is parked too; prefix is kept for contexts that begin alike and counts as free.</summary>
internal sealed record KvJson(long DeviceBytes, long Used, long Parked, long Prefix, long HostBytes)
{
    public static KvJson Of(KvUse kv) => new(
        kv.DeviceBlocks * kv.BytesPerBlock, (kv.DeviceBlocks - kv.DeviceFree) * kv.BytesPerBlock, kv.DeviceParked * kv.BytesPerBlock,
        kv.DeviceCached * kv.BytesPerBlock, kv.HostBlocks * kv.BytesPerBlock);
}

internal sealed record IterationJson(double TokensPerSecond, double Seconds);

/// <summary>A tool of the registry, or one that clients run, with what was learned of its duration; null before the first call.</summary>
internal sealed record ToolJson(string Name, bool Registered, string? Description, long Calls, LearnedSecondsJson? Seconds, double? ReturnTokens, ToolLimitsJson? Limits);

/// <summary>What the cluster keeps a tool of its registry to.</summary>
/// <param name="TimeoutSeconds">Of one attempt.</param>
/// <param name="Retries">Further attempts; 0 where a call may not be repeated.</param>
/// <param name="MaxPerMinute">Attempts; null: no limit.</param>
/// <param name="CallbackSeconds">How long it may take to bring a result itself; null: it may not.</param>
internal sealed record ToolLimitsJson(double TimeoutSeconds, int Retries, int MaxConcurrency, int MaxQueued, int? MaxPerMinute, int MaxResponseBytes, double? CallbackSeconds)
{
    public static ToolLimitsJson Of(RegisteredTool tool) => new(
        tool.Timeout.TotalSeconds, tool.Idempotent ? tool.Retries : 0, tool.MaxConcurrency, tool.MaxConcurrency * ToolPipeline.QueuedPerPlace,
        tool.MaxPerMinute > 0 ? tool.MaxPerMinute : null, tool.MaxResponseBytes, tool.CallbackTimeout > TimeSpan.Zero ? tool.CallbackTimeout.TotalSeconds : null);
}

internal sealed record LearnedSecondsJson(double Mean, double P50, double P90, double P99);

[JsonSerializable(typeof(RequestJson))]
[JsonSerializable(typeof(WorkerJson[]))]
[JsonSerializable(typeof(ToolJson[]))]
[JsonSerializable(typeof(DrainForecast))]
[JsonSerializable(typeof(MigrationStart))]
[JsonSerializable(typeof(RebalanceJson))]
[JsonSerializable(typeof(PolicyOrder))]
[JsonSerializable(typeof(PoliciesJson))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    /// <summary>Camel case, enums too; text as it is.</summary>
    public static AdminJson Shown { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
        {
            new JsonStringEnumConverter<PauseAction>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<WorkerState>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<MigrationReason>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<SequencePhase>(JsonNamingPolicy.CamelCase),
        },
    });
}
