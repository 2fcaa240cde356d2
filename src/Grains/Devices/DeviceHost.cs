using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Hosting;
using Pharos.Inference.Backend;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Batching;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>The devices of one silo. Opening one that is open closes it first: its earlier owner is gone.</summary>
public interface IDeviceHost
{
    Task<DeviceLoop> OpenAsync(string worker, CancellationToken ct);

    /// <summary>Reads a candidate's weights and takes its memory, beside what the device runs meanwhile.</summary>
    /// <exception cref="KeyNotFoundException">There is no such candidate.</exception>
    Task<IModelBackend> PrepareAsync(string worker, string candidate, CancellationToken ct);

    /// <summary>
    /// Closes the device and opens it with what was prepared, which it runs from now on. What it serves goes on in more layers of the same model, and is gone otherwise.
    /// </summary>
    Task<DeviceLoop> SwitchAsync(string worker, string candidate, IModelBackend prepared);

    Task CloseAsync(string worker);
}

/// <summary>Opens backends as configured.</summary>
public sealed class DeviceHost(
    ModelFamily family, IBackendFactory backends, IOptions<PharosOptions> options, EnergyMeter energy, TimeProvider time, BackgroundLoops loops, ILoggerFactory logs)
    : IDeviceHost, IAsyncDisposable
{
    /// <summary>Of the arithmetic of a token, what its keys and values take; believed until it is measured.</summary>
    private const double RebuildShare = 0.2;

    private readonly ConcurrentDictionary<string, DeviceLoop> open = new();
    private readonly ConcurrentDictionary<string, string> candidates = new(); // by worker; the reference until another was chosen

    public async Task<DeviceLoop> OpenAsync(string worker, CancellationToken ct)
    {
        await CloseAsync(worker);
        var model = candidates.TryGetValue(worker, out var name) ? family.Find(name) : family.Reference;
        return Open(worker, model, await backends.OpenAsync(WorkerKey.Device(worker), model, ct));
    }

    public Task<IModelBackend> PrepareAsync(string worker, string candidate, CancellationToken ct) => backends.OpenAsync(WorkerKey.Device(worker), family.Find(candidate), ct);

    public async Task<DeviceLoop> SwitchAsync(string worker, string candidate, IModelBackend prepared)
    {
        candidates[worker] = candidate;
        if (!open.TryGetValue(worker, out var old) || old.IsClosed || !old.GoesOnIn(prepared))
        {
            await CloseAsync(worker);
            return Open(worker, family.Find(candidate), prepared);
        }

        var given = await old.HandOver();
        var loop = Open(worker, family.Find(candidate), prepared);
        await loop.TakeOver(given);
        await old.DisposeAsync();
        return loop;
    }

    private DeviceLoop Open(string worker, ServedModel model, IModelBackend backend)
    {
        var settings = options.Value;
        var core = new WorkerCore(
            new WorkerLimits(
                backend.Kv.BlockSize, backend.Kv.DeviceBlocks, backend.Kv.HostBlocks,
                Math.Min(settings.Batch.MaxTokens, backend.Limits.MaxTokens), Math.Min(settings.Batch.MaxSequences, backend.Limits.MaxSequences),
                backend.Limits.PreferredChunk, LoadsAhead: backend.Limits.CopiesBesideSteps,
                CachedBlocks: (int)(settings.Kv.PrefixShare * backend.Kv.DeviceBlocks), MaxDrafts: settings.Batch.MaxDrafts),
            DeviceProfile.GptJ6bA100, RankingPolicies.Find(settings.Policy.Rank, settings.Policy.Promise), PausePolicies.Find(settings.Policy.Pause))
        {
            Composition = Composition(settings, backend.Kv),
        };
        var identity = new DeviceIdentity(
            worker, WorkerKey.Silo(worker), $"{settings.Backend}:{WorkerKey.Device(worker)}", time.GetUtcNow().ToUnixTimeMilliseconds());
        var exit = settings.Helios.Exit;
        var exits = exit.Enabled && backend.Limits.ExitLayers.Length > 0
            ? new ExitGate(worker, new ExitControl(new ExitControlOptions(exit.Threshold, exit.MaxDisagreement, exit.AuditShare))) : null;
        return open[worker] = new DeviceLoop(identity, backend, model, core, time, loops, logs.CreateLogger<DeviceLoop>(), exits)
        {
            Energy = energy, Auditor = family.HasChoice ? new AnswerAuditor(family, ForAudits, time, loops, $"{worker}/audits", logs.CreateLogger<AnswerAuditor>()) : null,
            Priors = settings.Prediction.Priors, Promise = settings.Policy.Promise, PieceBytes = settings.Migration.PieceBytes,
            LeaveTime = settings.Migration.Automatic ? TimeSpan.FromSeconds(5) : TimeSpan.Zero,
        };
    }

    // One sequence, on one thread: nobody waits for what it says.
    private IModelBackend ForAudits(ServedModel candidate)
    {
        var settings = options.Value;
        var blocks = (candidate.MaxPositions + settings.Kv.BlockSize - 1) / settings.Kv.BlockSize;
        return CpuBackend.Create(candidate.Loaded, new CpuBackendOptions
        {
            Threads = 1, HostBytes = 0, BlockSize = settings.Kv.BlockSize, MaxTokensPerStep = 256, MaxSequences = 1,
            DeviceBytes = blocks * settings.Kv.BlockSize * CpuBackend.KvBytesPerToken(candidate.Loaded, CandidateMemory.KvTypeOf(settings)),
            WeightType = CandidateMemory.WeightTypeOf(settings), KvType = CandidateMemory.KvTypeOf(settings),
        });
    }

    private static BatchComposition? Composition(PharosOptions settings, KvShape kv)
    {
        if (settings.Policy.Batch == "rank")
            return null;
        var named = settings.Policy.Batch == BatchComposition.Published.Name ? BatchComposition.Published : BatchComposition.Density;
        if (settings.Kv.Compact != "none" && kv.CompactForms.Length == 0)
            throw new NotSupportedException($"Pharos:Kv:Compact is '{settings.Kv.Compact}'; backend '{settings.Backend}' has no compact form, expected none.");
        return named with
        {
            Compact = settings.Kv.Compact switch { "none" => null, "hidden" => CacheForm.Hidden, "int8" => CacheForm.Int8, _ => kv.CompactForms[0] }, MaxCompactContext = kv.MaxCompactContext, Objective = settings.Slo.Objective,
            RebuildSeconds = RebuildShare * DeviceProfile.GptJ6bA100.SecondsPerToken,
        };
    }

    public async Task CloseAsync(string worker)
    {
        if (open.TryRemove(worker, out var loop))
            await loop.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in open.Keys.Order(StringComparer.Ordinal))
            await CloseAsync(worker);
    }
}
