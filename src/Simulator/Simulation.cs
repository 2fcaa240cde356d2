using Pharos.Scheduling.Pool;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Ranking;
using Pharos.Scheduling.Requests;
using Pharos.Scheduling.Routing;
using Pharos.Scheduling.Worker;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;

namespace Pharos.Simulator;

/// <summary>
/// Runs a setup to its end in virtual time: arrivals, tool returns, ends of iterations and workers' reports in order of time, handed to the same
/// pool, worker and request cores that serve live requests. Deterministic. It checks as it goes that memory never exceeds its capacity, that every
/// token is computed once plus what is counted as recomputed, and at the end that every request is done and all memory is free.
/// </summary>
public sealed class Simulation
{
    private const double ReportSeconds = 0.5; // as live workers do
    private readonly SimulationSetup setup;
    private readonly SimulatedRequest[] requests;
    private readonly SimulatedWorker[] workers;
    private readonly Dictionary<string, SimulatedWorker> byName = [];
    private readonly PoolCore pool;
    private readonly SimulationEvents events;
    private double now;
    private int finished, migrations;
    private long recomputedElsewhere;

    private Simulation(SimulationSetup setup)
    {
        setup.Check();
        this.setup = setup;
        requests = [.. setup.Arrivals.Select((arrival, index) => new SimulatedRequest(index, arrival))];
        workers = [.. Enumerable.Range(0, setup.Workers).Select(index => new SimulatedWorker($"w{index:D4}", setup, index == 0 ? setup.Timeline : null))];
        byName = workers.ToDictionary(worker => worker.Name, StringComparer.Ordinal);
        events = new SimulationEvents(requests);
        // One worker ranks all by itself, and nothing is to be chosen: it need not report.
        var limits = workers.Length == 1
            ? new PoolLimits(int.MaxValue, WorkerTimeout: double.PositiveInfinity, Binding: Binding.Early)
            : new PoolLimits(int.MaxValue, Binding: setup.Binding);
        pool = new PoolCore(limits, setup.Device, setup.Policy.Ranking(), new PredictionPriors(), RoutingPolicies.Find(setup.Routing));
    }

    /// <param name="progress">Told the virtual seconds and the requests finished, about every thousand events.</param>
    /// <exception cref="ArgumentException">The setup cannot be simulated.</exception>
    /// <exception cref="InvalidOperationException">A conservation check failed: the scheduler is broken.</exception>
    public static SimulationResult Run(SimulationSetup setup, Action<double, int>? progress = null)
    {
        var simulation = new Simulation(setup);
        simulation.Drain(progress);
        return simulation.Result();
    }

    private void Drain(Action<double, int>? progress)
    {
        ReportAll();
        for (var count = 0L; finished < requests.Length && events.TryNext(out var next, out now); count++)
        {
            switch (next.Kind)
            {
                case SimulationEventKind.Arrival: Arrive(next.Request!); break;
                case SimulationEventKind.ToolReturned: Return(next.Request!); break;
                case SimulationEventKind.IterationEnded: EndIteration(next.Worker!); break;
                default: ReportAll(); break;
            }

            if (count % 1000 == 0)
                progress?.Invoke(now, finished);
        }
    }

    private void Arrive(SimulatedRequest request)
    {
        Apply(request, request.Start(now));
        HandOut();
    }

    private void Return(SimulatedRequest request)
    {
        Apply(request, request.ToolReturned(now));
        HandOut();
    }

    // What a request wants done, as its grain carries it out; state is not written, and nobody follows.
    private void Apply(SimulatedRequest request, IReadOnlyList<RequestEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case RequestEffect.Enqueue(var descriptor): Enqueue(request, descriptor); break;
                case RequestEffect.Admit(var name, var work): Admit(request, byName[name], work); break;
                case RequestEffect.Continue(_, var work): Continue(request, work); break;
                case RequestEffect.Release: Leave(request); break;
                case RequestEffect.CallTools:
                    events.At(now + request.Current.ToolSeconds, new SimulationEvent(SimulationEventKind.ToolReturned, request, null));
                    break;
                case RequestEffect.Learn(var outcome): Learn(request, outcome.Ended); break;
            }
        }
    }

    private void Enqueue(SimulatedRequest request, RequestDescriptor descriptor)
    {
        var outcome = pool.Enqueue(descriptor, setup.Predictions.Forecast(request));
        if (outcome.Kind != EnqueueKind.Queued)
            throw new InvalidOperationException($"{request.Id} was not taken: {outcome.Because}");
    }

    private void Learn(SimulatedRequest request, bool ended)
    {
        setup.Predictions.Learn(request);
        if (ended)
            pool.Withdraw(request.Id);
        else
            request.Advance();
    }

    private void HandOut()
    {
        foreach (var placement in pool.Dispatch(now))
        {
            var request = requests[int.Parse(placement.Request.AsSpan(1))];
            Apply(request, request.Core!.Dispatch(placement.Worker, placement.Forecast, now, placement.Route));
            Wake(byName[placement.Worker]);
        }
    }

    private void Admit(SimulatedRequest request, SimulatedWorker worker, SequenceWork work) => worker.Admit(
        request, new SequenceStart(
            work.Request, work.Epoch, work.ArrivalAt, work.Priority, work.Tokens.Length, work.SegmentStart, work.Forecast, null, work.ToolSeconds, work.Generated), now);

    private void Continue(SimulatedRequest request, ResumeWork work) => request.Core!.Revise(
        work.Epoch, request.Worker!.Core.Resume(request.Slot!, work.Epoch, work.Appended.Length, work.ToolSeconds, work.Forecast, now));

    // It goes on elsewhere: all that was computed of it is computed again there.
    private void Leave(SimulatedRequest request)
    {
        var (slot, worker) = (request.Slot!, request.Worker!);
        migrations++;
        recomputedElsewhere += slot.Length - 1;
        worker.Remove(slot, now, isDone: false);
        Wake(worker);
    }

    private void EndIteration(SimulatedWorker worker)
    {
        var segmentsEnded = false;
        foreach (var (slot, _, _, samples) in worker.Complete().Batch)
        {
            if (!samples)
                continue;
            var request = worker[slot];
            request.FirstTokenAt ??= now;
            if (request.TokensToCome < request.Current.CompletionTokens)
                request.Gaps.Add((float)(now - request.LastTokenAt));
            request.LastTokenAt = now;
            if (--request.TokensToCome > 0)
                continue;
            segmentsEnded = true;
            var held = worker.Core.TakeKvTokenSeconds(slot, now);
            if (request.Current.Tool is null)
            {
                Finish(request, held);
                continue;
            }

            var call = ToolCallId.Format(request.Id, slot.SegmentStart, 0);
            Apply(request, request.EndSegment(worker.Name, slot, held, worker.Core.Park(slot, call, Tool(request), now), now));
        }

        if (segmentsEnded && workers.Length > 1)
        {
            Report(worker);
            HandOut();
        }

        Wake(worker);
    }

    private ToolForecast Tool(SimulatedRequest request) => setup.Policy.ToolTimes switch
    {
        ToolTimes.True => OraclePredictions.TrueTool(request),
        ToolTimes.Unknown => NoPredictions.UnknownTool(request),
        _ => setup.Predictions.Tool(request),
    };

    private void Finish(SimulatedRequest request, double kvTokenSeconds)
    {
        var (slot, worker) = (request.Slot!, request.Worker!);
        if (slot.Length != request.Session.MostContextTokens || slot.Computed != slot.Length - 1)
            throw new InvalidOperationException($"{slot.Request} ends with {slot.Computed} of {slot.Length} tokens computed; its session has {request.Session.MostContextTokens}.");
        worker.Remove(slot, now, isDone: true);
        Apply(request, request.EndSegment(worker.Name, slot, kvTokenSeconds, null, now));
        if (!request.Core!.IsOver)
            throw new InvalidOperationException($"{request.Id} is served to its end and {request.Core.State.Phase}.");
        request.Finish(now);
        finished++;
    }

    private void ReportAll()
    {
        foreach (var worker in workers)
            Report(worker);
        HandOut();
        if (workers.Length > 1 && events.Any)
            events.At(now + ReportSeconds, new SimulationEvent(SimulationEventKind.Reports, null, null));
    }

    // And hears what the pool promises, as live workers do.
    private void Report(SimulatedWorker worker)
    {
        pool.Report(worker.Report(), now);
        if (workers.Length > 1 && pool.Promise is { } promise && worker.Core.Ranking is IPromisingPolicy policy)
            policy.Follow(promise);
    }

    private void Wake(SimulatedWorker worker)
    {
        if (worker.Running is null && worker.Begin(now) is { } end)
            events.At(end, new SimulationEvent(SimulationEventKind.IterationEnded, null, worker));
    }

    private SimulationResult Result()
    {
        if (finished != requests.Length)
            throw new InvalidOperationException($"{requests.Length - finished} of {requests.Length} requests never finished.");
        foreach (var worker in workers)
        {
            worker.Measure(now);
            worker.CheckEmpty();
        }

        var once = requests.Sum(request => request.Session.MostContextTokens - 1L);
        var again = recomputedElsewhere + workers.Sum(worker => worker.Core.Totals.RecomputedTokens);
        var computed = workers.Sum(worker => worker.ComputedTokens);
        if (computed != once + again)
            throw new InvalidOperationException($"{computed} tokens were computed; the requests have {once}, and {again} were counted as computed again.");
        return new SimulationResult(
            requests, setup.Window, now, computed, again, workers.Sum(worker => worker.Core.Totals.Preemptions), migrations,
            workers.Sum(worker => worker.BusyInWindow) / workers.Length,
            workers.Sum(worker => worker.ParkedTokenSeconds) / (now * setup.KvTokens * workers.Length), workers.Sum(worker => worker.Device.StalledSeconds))
        {
            StarvationViolations = workers.Sum(worker => worker.Violations), Objective = setup.Objective, PromisesKept = workers.Sum(worker => worker.Promise?.Kept ?? 0),
        };
    }
}
