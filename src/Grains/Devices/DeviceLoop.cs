using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pharos.Grains.Hosting;
using Pharos.Grains.Metrics;
using Pharos.Grains.Tracing;
using Pharos.Inference.Backend;
using Pharos.Inference.Grammar;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>
/// The batching loop of one device: plan, execute, commit, send. It runs off the grain's turn; callers post commands, which are taken between
/// iterations, so a cancelled request is out of the batch within one.
/// </summary>
public sealed partial class DeviceLoop : IAsyncDisposable
{
    private readonly DeviceIdentity identity;
    private readonly IModelBackend backend;
    private readonly ServedModel model;
    private readonly WorkerCore core;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Channel<ICommand> commands = Channel.CreateUnbounded<ICommand>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<DeviceEvent> events = Channel.CreateUnbounded<DeviceEvent>();
    private readonly SortedDictionary<string, ServedSequence> sequences = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, GatewayOutbox> outboxes = new(StringComparer.Ordinal);
    private readonly Iteration iteration;
    private readonly KeyValuePair<string, object?> modelTag, engineTag;
    private readonly GrammarCache grammars;
    private readonly List<(ServedSequence Sequence, TokenMeaning Meaning, int Tokens)> spoken = []; // in the iteration under way
    private readonly CancellationTokenSource stopping = new();
    private readonly Task run;
    private Dictionary<string, ToolForecast> tools = [];
    private WorkerState state = WorkerState.Active;
    private double? drainingSince;
    private bool isEvacuating;
    private long reports, promotions, answers, contexts; // segments ended, and tokens of their prompts
    private double joules, busy;

    internal DeviceLoop(
        DeviceIdentity identity, IModelBackend backend, ServedModel model, WorkerCore core, TimeProvider time, BackgroundLoops loops, ILogger<DeviceLoop> log, ExitGate? exits)
    {
        this.identity = identity;
        this.backend = backend;
        this.model = model;
        this.core = core;
        this.time = time;
        this.log = log;
        grammars = new GrammarCache(model, backend.Model.VocabularySize);
        iteration = new Iteration(backend, core, slot => sequences[slot.Request], exits);
        (modelTag, engineTag) = (new("model_name", model.Name), new("engine", identity.Worker));
        transfers = new KvTransfers(backend, stopping.Token);
        run = loops.Start(identity.Worker, RunAsync);
    }

    /// <summary>How long what nobody reads is kept for a gateway before its requests are given up.</summary>
    public TimeSpan GatewayLease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a cache is kept for a tool that does not return. The request is remembered for longer and computed anew.</summary>
    public TimeSpan ParkedLease { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long what is parked on a device that drains, or is there at all where it is evacuated, has to move elsewhere with its cache.</summary>
    public TimeSpan LeaveTime { get; init; }

    /// <summary>What is said of a tool that the pool's scheduler has told nothing of yet.</summary>
    public PredictionPriors Priors { get; init; } = new();

    /// <summary>What a ranking promises, should it be one that does.</summary>
    public BoundedOptions Promise { get; init; } = new();

    /// <summary>What iterations take; null: nobody counts.</summary>
    internal EnergyMeter? Energy { get; init; }

    /// <summary>Compares candidates; null: there is one.</summary>
    internal AnswerAuditor? Auditor { get; init; }

    /// <summary>What it runs.</summary>
    public string Candidate => model.Name;

    public ChannelReader<DeviceEvent> Events => events.Reader;

    /// <summary>Stopped or failed: a new loop must be opened.</summary>
    public bool IsClosed => run.IsCompleted;

    /// <summary>What it holds. For simulations, which run the loop on their own thread.</summary>
    internal IEnumerable<HeldSequence> Held => core.Held();

    /// <summary>Asserts what must hold between any two turns; see <see cref="WorkerCore.CheckIntegrity"/>.</summary>
    internal void CheckIntegrity()
    {
        core.CheckIntegrity();
        if (core.Sequences.Count != sequences.Count || core.Sequences.Any(slot => !sequences.ContainsKey(slot.Request)))
            throw new InvalidOperationException($"{identity.Worker} serves {sequences.Count} sequences, its core has {core.Sequences.Count}.");
    }

    private double Now => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private async Task RunAsync()
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                while (commands.Reader.TryRead(out var command))
                    command.Run();
                if (isEvacuating)
                    LetGo();
                if (stopping.IsCancellationRequested)
                    break;
                var plan = core.Plan(Now);
                if (plan.IsEmpty)
                {
                    transfers.Begin();
                    SendPending(); // a command may have ended a segment
                    await WaitForCommandAsync();
                }
                else
                {
                    Begin(plan);
                    transfers.Begin();
                    if (plan.Batch.Count > 0)
                    {
                        var running = iteration.ForwardAsync(plan, stopping.Token);
                        SendPending(); // what the last iteration said: it travels while the device computes
                        await running; // here, not in a method of its own: that would allocate each time
                        DeviceMetrics.Iterated(plan.Tokens, modelTag, engineTag);
                        promotions = PoolMetrics.Promoted(promotions, core.Totals.Promotions);
                        iteration.Commit(plan, spoken);
                        CountEnergy();
                        Deliver();
                    }
                    else
                    {
                        SendPending();
                    }

                    if (core.Totals.Iterations % 1024 == 0)
                        Sweep();
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception failure)
        {
            DeviceFailed(log, identity.Worker, failure);
            Fail(failure);
        }
        finally
        {
            commands.Writer.TryComplete();
            var closed = new InvalidOperationException($"Device {identity.Worker} closed before it took the command.");
            transfers.Fail(closed);
            while (commands.Reader.TryRead(out var left))
                left.Fail(closed);
        }
    }

    private void CountEnergy()
    {
        joules += Energy?.Take((core.Totals.BusySeconds - busy) * backend.Limits.SamplingThreads) ?? 0;
        busy = core.Totals.BusySeconds;
    }

    // Waking now and then costs nothing and lets leases of vanished gateways end on an idle device too.
    private async Task WaitForCommandAsync()
    {
        Sweep();
        using var wake = new CancellationTokenSource(GatewayLease, time);
        await using var stopped = stopping.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), wake);
        try
        {
            await commands.Reader.WaitToReadAsync(wake.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Begin(IterationPlan plan)
    {
        foreach (var slot in plan.OutOfMemory)
            End(sequences[slot.Request], new TokenMeaning("", SegmentEndReason.Length, []), []);
        foreach (var slot in plan.Revised)
            events.Writer.TryWrite(new DeviceEvent.ReceiptRevised(slot.Request, slot.Epoch, slot.Receipt!));
        iteration.Copy(plan);
    }

    private void SendPending()
    {
        foreach (var outbox in outboxes.Values)
            outbox.Send();
    }

    private void Deliver()
    {
        foreach (var (sequence, meaning, count) in spoken)
        {
            ImmutableArray<int> tokens = [.. CollectionsMarshal.AsSpan(sequence.Tokens)[^count..]];
            sequence.FirstTokenAt ??= Now;
            if (meaning.End is not null)
            {
                End(sequence, meaning, tokens);
                continue;
            }

            Send(sequence, tokens, meaning.Text, null);
            if (core.MaxDrafts > 0)
                core.Guess(sequence.Slot, sequence.Guess(core.MaxDrafts));
        }

        spoken.Clear();
    }

    // The segment is over: the last delta, the report to the request, and the cache parked or freed.
    private void End(ServedSequence sequence, TokenMeaning meaning, ImmutableArray<int> tokens)
    {
        var slot = sequence.Slot;
        var now = Now;
        var segment = sequence.SegmentTokens;
        var end = new SegmentEnd(
            meaning.End!.Value, meaning.Calls, slot.SegmentStart, segment.Length, slot.CachedAtStart, core.TakeKvTokenSeconds(slot, now),
            Math.Max(0, (slot.StartedAt ?? now) - slot.QueuedAt), slot.Preemptions,
            sequence.FirstTokenAt is { } spoke && slot.StartedAt is { } started ? Math.Max(0, spoke - started) : 0,
            sequence.FirstTokenAt is { } first ? Math.Max(0, now - first) : 0);
        Send(sequence, tokens, meaning.Text, end);
        if (sequence.ResumedFrom is { } path && slot.StartedAt is { } ranAt)
            PauseMetrics.Resumed(path, ranAt - slot.QueuedAt, slot.SwapInSeconds);
        TellSpans(sequence, now);
        Count(sequence, end.Reason);
        sequence.ResumedFrom = null;
        var receipt = default(Scheduling.Pausing.PauseReceipt);
        if (end.Reason == SegmentEndReason.ToolCalls)
        {
            // With several calls the slowest decides how long the cache waits.
            var tool = meaning.Calls.Select(call => Forecast(call.Name)).MaxBy(forecast => forecast.Seconds.Mean)!;
            receipt = core.Park(slot, meaning.Calls[0].Id, tool, now);
        }
        else
        {
            Remove(sequence, isDone: end.Reason != SegmentEndReason.Cancelled);
        }

        events.Writer.TryWrite(new DeviceEvent.SegmentEnded(
            slot.Request,
            new SegmentReport(identity.Worker, slot.Epoch, slot.SegmentStart, segment, sequence.Text, end, receipt, LogprobsOf(sequence, sequence.Logprobs.Count))));
        events.Writer.TryWrite(DeviceEvent.RoomChanged.Instance);
    }

    private void Count(ServedSequence sequence, SegmentEndReason reason)
    {
        if (reason == SegmentEndReason.Cancelled)
            return;
        answers++;
        contexts += sequence.Slot.SegmentStart;
        if (!GuidedChooser.Guides(sequence))
            Auditor?.Offer(CollectionsMarshal.AsSpan(sequence.Tokens), sequence.Slot.SegmentStart, sequence.Options);
    }

    private void TellSpans(ServedSequence sequence, double now)
    {
        var slot = sequence.Slot;
        if (sequence.Trace is not { } trace || slot.StartedAt is not { } started)
            return;
        if (sequence.ResumedFrom is { } path)
            PharosTrace.Span("resume", trace, slot.QueuedAt, started, ("pharos.worker", identity.Worker), ("pharos.path", path));
        var spoke = sequence.FirstTokenAt ?? now;
        PharosTrace.Span("prefill", trace, started, spoke, ("pharos.worker", identity.Worker), ("pharos.tokens", slot.SegmentStart), ("pharos.cached_tokens", slot.CachedAtStart));
        PharosTrace.Span("decode", trace, spoke, now, ("pharos.worker", identity.Worker), ("pharos.tokens", slot.Length - slot.SegmentStart));
    }

    private void Send(ServedSequence sequence, ImmutableArray<int> tokens, string text, SegmentEnd? end) =>
        Outbox(sequence.Gateway).Pending.Add(new SequenceDelta(
            sequence.Slot.Request, sequence.Slot.Epoch, sequence.Tokens.Count - tokens.Length, tokens, text, end, LogprobsOf(sequence, tokens.Length)));

    // Of its last tokens.
    private static ImmutableArray<TokenLogprob>? LogprobsOf(ServedSequence sequence, int tokens) =>
        sequence.Options.Logprobs is null ? null : [.. CollectionsMarshal.AsSpan(sequence.Logprobs)[^tokens..]];

    private GatewayOutbox Outbox(string gateway)
    {
        if (!outboxes.TryGetValue(gateway, out var outbox))
            outboxes.Add(gateway, outbox = new GatewayOutbox(identity.Worker, time));
        return outbox;
    }

    private ToolForecast Forecast(string tool) =>
        tools.TryGetValue(tool, out var known) ? known : SegmentPredictor.Unknown(tool, Priors);

    private void Remove(ServedSequence sequence, bool isDone = false)
    {
        core.Remove(sequence.Slot, Now, isDone);
        sequences.Remove(sequence.Slot.Request);
    }

    // What nobody will ask for any more: sequences of gateways that take nothing, outboxes nobody reads, caches parked for too long.
    private void Sweep()
    {
        foreach (var (gateway, outbox) in outboxes.Where(entry => entry.Value.IsAbandoned(GatewayLease)).ToList())
        {
            var orphans = sequences.Values.Where(sequence => sequence.Gateway == gateway && sequence.Slot.Phase != SequencePhase.Parked).ToList();
            if (orphans.Count > 0)
                GatewayGone(log, gateway, identity.Worker, orphans.Count);
            foreach (var sequence in orphans)
                End(sequence, new TokenMeaning("", SegmentEndReason.Cancelled, []), []);
            outboxes.Remove(gateway);
            outbox.Close(null);
        }

        var now = Now;
        RemoveParked(slot => now - slot.ParkedAt > ParkedLease.TotalSeconds);
        LetGo();
    }

    private void RemoveParked(Func<SequenceSlot, bool> which)
    {
        foreach (var sequence in sequences.Values.Where(sequence => sequence.Slot.Phase == SequencePhase.Parked && which(sequence.Slot)).ToList())
            Remove(sequence);
    }

    private void Fail(Exception failure)
    {
        state = WorkerState.Failed;
        foreach (var sequence in sequences.Values.Where(sequence => sequence.Slot.Phase != SequencePhase.Parked))
            events.Writer.TryWrite(new DeviceEvent.SequenceLost(sequence.Slot.Request, sequence.Slot.Epoch, sequence.SegmentTokens));
        SendPending();
        foreach (var outbox in outboxes.Values)
            outbox.Close(failure);
        events.Writer.TryComplete(failure);
        commands.Writer.TryComplete(failure);
    }

    public async ValueTask DisposeAsync()
    {
        stopping.Cancel();
        await run;
        SendPending();
        foreach (var outbox in outboxes.Values)
            outbox.Close(null);
        events.Writer.TryComplete();
        iteration.Dispose();
        if (Auditor is not null)
            await Auditor.DisposeAsync();
        await backend.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Device {Worker} failed; its sequences go on elsewhere.")]
    private static partial void DeviceFailed(ILogger log, string worker, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gateway {Gateway} takes nothing from {Worker} any more; its {Count} requests there are cancelled.")]
    private static partial void GatewayGone(ILogger log, string gateway, string worker, int count);
}

/// <param name="Worker">The worker grain's key, POOL/SILO/DEVICE.</param>
/// <param name="Incarnation">Grows each time the device is opened.</param>
public sealed record DeviceIdentity(string Worker, string Silo, string Device, long Incarnation);
