using System.Collections.Immutable;
using Pharos.Grains.Metrics;
using Pharos.Inference.Grammar;
using Pharos.Inference.Serving;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

// What callers may ask. Each command runs on the loop, between two iterations.
public sealed partial class DeviceLoop
{
    public Task<Admission> Admit(SequenceWork work)
    {
        var keys = KeysOf(work);
        var grammar = GrammarOf(work.Options, work);
        return Post(() =>
        {
            if (MayAdmit(work) is { } refusal)
                return refusal;
            Serve(work, core.Admit(StartOf(work, keys), Now), keys, grammar);
            return new Admission(AdmissionKind.Accepted, null);
        });
    }

    // Why not, or null; an older epoch makes way.
    private Admission? MayAdmit(SequenceWork work)
    {
        if (sequences.TryGetValue(work.Request, out var held))
        {
            if (held.Slot.Epoch >= work.Epoch)
                return new Admission(AdmissionKind.Refused, $"epoch {held.Slot.Epoch} of {work.Request} is here already");
            Remove(held);
        }

        if (state != WorkerState.Active)
            return new Admission(AdmissionKind.Refused, $"{identity.Worker} is {state}");
        if (work.Model is { } said && said != model.Name)
            return new Admission(AdmissionKind.Refused, $"{identity.Worker} runs {model.Name} by now, {work.Request} is told that {said} answers");
        var largest = Math.Min(core.LargestContext, model.MaxPositions);
        return work.Tokens.Length >= largest
            ? new Admission(AdmissionKind.TooLarge, $"a context of {work.Tokens.Length} tokens leaves no room in {largest}")
            : null;
    }

    private void Serve(SequenceWork work, SequenceSlot slot, BlockKeys? keys, SegmentGrammar? grammar)
    {
        var sequence = new ServedSequence(model, slot, work, keys, grammar);
        sequences.Add(work.Request, sequence);
        if (sequence.Replay() is { } end)
            End(sequence, end with { Text = "" }, []);
    }

    private static SequenceStart StartOf(SequenceWork work, BlockKeys? keys) => new(
        work.Request, work.Epoch, work.ArrivalAt, work.Priority, work.Tokens.Length, work.SegmentStart, work.Forecast, keys, work.ToolSeconds, work.Generated, work.Tenant,
        work.Options.Objective);

    private BlockKeys? KeysOf(SequenceWork work)
    {
        var keys = core.SharesPrefixes ? new BlockKeys(work.Tenant, backend.Model.Fingerprint, backend.Kv.BlockSize) : null;
        keys?.Extend(work.Tokens.AsSpan());
        return keys;
    }

    public Task<Admission> Resume(ResumeWork work) => Post(() =>
    {
        if (!sequences.TryGetValue(work.Request, out var sequence) || sequence.Slot.Phase != SequencePhase.Parked || sequence.Slot.Epoch != work.PausedEpoch)
            return new Admission(AdmissionKind.NotHere, null);
        var largest = Math.Min(core.LargestContext, model.MaxPositions);
        if (sequence.Tokens.Count + work.Appended.Length >= largest)
        {
            Remove(sequence);
            return new Admission(AdmissionKind.TooLarge, $"with the tools' results the context has {sequence.Tokens.Count + work.Appended.Length} tokens and leaves no room in {largest}");
        }

        sequence.ResumedFrom = sequence.Slot switch { { Computed: 0 } => "recompute", { HostTokens: > 0 } => "host", _ => "device" };
        var receipt = core.Resume(sequence.Slot, work.Epoch, work.Appended.Length, work.ToolSeconds, work.Forecast, Now, work.Options.Objective);
        PauseMetrics.Settled(receipt, sequence.Work.ToolUse);
        sequence.Resume(work, GrammarOf(work.Options, sequence.Work));
        events.Writer.TryWrite(new DeviceEvent.ReceiptRevised(work.Request, work.Epoch, receipt));
        return new Admission(AdmissionKind.Accepted, null);
    });

    private SegmentGrammar? GrammarOf(GenerationOptions options, SequenceWork work) =>
        SegmentRules.Of(options, work.ToolUse == ToolUse.None ? [] : work.ToolNames) is { } rules ? grammars.Find(rules) : null;

    public Task<bool> Holds(string request, int epoch) =>
        Post(() => sequences.TryGetValue(request, out var sequence) && sequence.Slot.Epoch >= epoch || arriving.TryGetValue(request, out var coming) && coming.Order.Epoch >= epoch);

    public Task Release(string request, int epoch) => Post(() =>
    {
        if (arriving.TryGetValue(request, out var coming) && coming.Order.Epoch <= epoch)
            Forget(coming);
        if (!sequences.TryGetValue(request, out var sequence) || sequence.Slot.Epoch > epoch)
            return false;
        Remove(sequence);
        events.Writer.TryWrite(DeviceEvent.RoomChanged.Instance);
        return true;
    });

    public Task Expect(string request, int epoch, double seconds) => Post(() =>
    {
        if (!sequences.TryGetValue(request, out var sequence) || sequence.Slot.Phase != SequencePhase.Parked || sequence.Slot.Epoch != epoch)
            return false;
        var before = sequence.Slot.Receipt;
        if (core.Expect(sequence.Slot, seconds, Now) is var receipt && receipt != before)
            events.Writer.TryWrite(new DeviceEvent.ReceiptRevised(request, epoch, receipt));
        return true;
    });

    public async Task<IAsyncEnumerable<DeltaBatch>> Deltas(string gateway, CancellationToken ct)
    {
        var outbox = await Post(() => Outbox(gateway));
        return outbox.Read(ct);
    }

    /// <summary>What the device is and has, with a new report number.</summary>
    public Task<WorkerSnapshot> Snapshot() => state == WorkerState.Failed ? Task.FromResult(Describe()) : Post(Describe);

    public Task Follow(PoolDirective directive) => Post(() =>
    {
        tools = directive.Tools.ToDictionary(tool => tool.Tool);
        if (directive.Candidate is { } order)
            Auditor?.Follow(order);
        if (core.Ranking.Name != directive.RankPolicy)
            core.Ranking = RankingPolicies.Find(directive.RankPolicy, Promise);
        if (core.Ranking is IPromisingPolicy promising && directive.Promise is { } promise)
            promising.Follow(promise);
        if (core.Pausing.Name != directive.PausePolicy)
            core.Pausing = PausePolicies.Find(directive.PausePolicy);
        return true;
    });

    public Task<DrainForecast> Drain(bool on) => Post(() =>
    {
        state = on ? WorkerState.Draining : WorkerState.Active;
        drainingSince = on ? drainingSince ?? Now : null;
        isEvacuating = false;
        LetGo();
        return WhatIsLeft();
    });

    public Task<DrainForecast> Cordon() => Post(() =>
    {
        state = WorkerState.Cordoned;
        (drainingSince, isEvacuating) = (null, false);
        return WhatIsLeft();
    });

    public Task<DrainForecast> Evacuate() => Post(() =>
    {
        state = WorkerState.Draining;
        drainingSince = isEvacuating ? drainingSince : Now;
        isEvacuating = true;
        LetGo();
        return WhatIsLeft();
    });

    // What has not moved by then goes on elsewhere from its tokens, all of it where the worker is evacuated; what is being fetched is given the time.
    private void LetGo()
    {
        var now = Now;
        if (drainingSince is not { } since || now - since < LeaveTime.TotalSeconds)
            return;
        RemoveParked(slot => !(now - sequences[slot.Request].FetchedAt < BeingFetched));
        if (!isEvacuating)
            return;
        foreach (var sequence in sequences.Values.Where(sequence => sequence.Slot.Phase != SequencePhase.Parked && !(now - sequence.FetchedAt < BeingFetched)).ToList())
        {
            events.Writer.TryWrite(new DeviceEvent.SequenceLost(sequence.Slot.Request, sequence.Slot.Epoch, sequence.SegmentTokens));
            Remove(sequence);
        }
    }

    /// <summary>Takes no new sequences until it has none that run, for a switch of what it runs; false: an operator has stopped it.</summary>
    public Task<bool> BeginSwitch() => Post(() =>
    {
        if (state != WorkerState.Active)
            return false;
        state = WorkerState.Cordoned;
        return true;
    });

    /// <summary>Nothing runs, waits or comes.</summary>
    public Task<bool> IsIdle() => Post(() => core.Running + core.Waiting == 0 && arriving.Count == 0);

    private DrainForecast WhatIsLeft()
    {
        var remaining = sequences.Values.Where(sequence => sequence.Slot.Phase != SequencePhase.Parked)
            .Select(sequence => sequence.Slot.Forecast.TokensToPause.Mean).DefaultIfEmpty(0).Max();
        var bytes = core.Sequences.Sum(slot => (long)(slot.DeviceTokens + slot.HostTokens)) / backend.Kv.BlockSize * backend.Kv.BytesPerBlock;
        events.Writer.TryWrite(DeviceEvent.RoomChanged.Instance);
        return new DrainForecast(identity.Worker, state.ToString().ToLowerInvariant(), core.Running + core.Waiting, core.Parked, bytes,
            isEvacuating ? Math.Min(Lasts(remaining), LeaveTime.TotalSeconds) : Lasts(remaining));
    }

    private double Lasts(double tokens) => tokens * core.Fit.Profile.IterationSeconds(Math.Max(1, core.Running), 0);

    private WorkerSnapshot Describe()
    {
        var profile = core.Fit.Profile;
        var seconds = profile.IterationSeconds(Math.Max(1, core.Running), core.Sequences.Sum(slot => (long)slot.DeviceTokens));
        var totals = core.Totals;
        var usage = core.Usage(Now);
        var shown = state == WorkerState.Draining && core.Sequences.Count == 0 ? WorkerState.Drained : state;
        return new WorkerSnapshot(
            identity.Worker, identity.Silo, identity.Device, model.Name, identity.Incarnation, ++reports, shown, core.Use(backend.Kv.BytesPerBlock),
            backend.Limits.MaxSequences, Math.Min(model.MaxPositions, core.LargestContext), seconds, core.Running / Math.Max(seconds, 1e-9),
            core.Held(),
            new WorkerCounters(
                totals.Iterations, totals.PrefillTokens, totals.GeneratedTokens, totals.RecomputedTokens, totals.Preemptions,
                totals.SwappedOutBlocks * backend.Kv.BytesPerBlock, totals.SwappedInBlocks * backend.Kv.BytesPerBlock,
                totals.Preserved, totals.Swapped, totals.Discarded, totals.SharedTokens,
                totals.DraftedTokens, totals.AcceptedTokens), profile, usage.Sum(use => use.Load), (core.Ranking as IPromisingPolicy)?.Promise,
            usage, Auditor is null ? null : new CandidateReport(totals.BusySeconds, joules, Energy?.Source ?? "", answers, contexts, Auditor.Tallies), isEvacuating);
    }

    private async Task<T> Post<T>(Func<T> command)
    {
        var posted = new Command<T>(command);
        if (!commands.Writer.TryWrite(posted))
            throw new InvalidOperationException($"Device {identity.Worker} is {(state == WorkerState.Failed ? "failed" : "closed")}.");
        return await posted.Done;
    }

    private interface ICommand
    {
        void Run();

        /// <summary>The loop has stopped: whoever waits is told.</summary>
        void Fail(Exception because);
    }

    private sealed class Command<T>(Func<T> command) : ICommand
    {
        private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Done => done.Task;

        public void Run()
        {
            try
            {
                done.SetResult(command());
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        }

        public void Fail(Exception because) => done.SetException(because);
    }
}
