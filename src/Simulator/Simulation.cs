using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Worker;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;

namespace Pharos.Simulator;

/// <summary>
/// Runs a setup to its end in virtual time: arrivals, tool returns and ends of iterations in order of time, handed to the same worker core
/// that serves live requests. Deterministic. It checks as it goes that memory never exceeds its capacity, that every token is
/// computed once plus what is counted as recomputed, and at the end that every request is done and all memory is free.
/// </summary>
public sealed class Simulation
{
    private readonly SimulationSetup setup;
    private readonly SimulatedRequest[] requests;
    private readonly SimulatedWorker worker;
    private readonly PriorityQueue<Event, (double At, long Order)> events = new();
    private long order;
    private double now;
    private int finished;

    private Simulation(SimulationSetup setup)
    {
        setup.Check();
        this.setup = setup;
        requests = [.. setup.Arrivals.Select((arrival, index) => new SimulatedRequest(index, arrival))];
        worker = new SimulatedWorker("w0", setup);
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
        foreach (var request in requests)
            At(request.ArrivedAt, new Event(EventKind.Arrival, request));
        for (var count = 0L; events.TryDequeue(out var next, out var due); count++)
        {
            now = due.At;
            switch (next.Kind)
            {
                case EventKind.Arrival: Arrive(next.Request!); break;
                case EventKind.ToolReturned: Return(next.Request!); break;
                default: EndIteration(); break;
            }

            Wake();
            if (count % 1000 == 0)
                progress?.Invoke(now, finished);
        }
    }

    private void Arrive(SimulatedRequest request)
    {
        var tokens = request.Session.PromptTokens;
        request.Slot = worker.Core.Admit(
            new SequenceStart(request.Id, 1, request.ArrivedAt, 0, tokens, tokens, setup.Predictions.Forecast(request)), now);
        worker.Requests.Add(request.Slot, request);
    }

    private void Return(SimulatedRequest request)
    {
        setup.Predictions.Learn(request);
        var (_, _, seconds, returned) = request.Current;
        request.Segment++;
        request.Generated = 0;
        worker.Core.Resume(request.Slot!, request.Segment + 1, returned, seconds, setup.Predictions.Forecast(request), now);
    }

    private void EndIteration()
    {
        foreach (var (slot, _, _, samples) in worker.Complete().Batch)
        {
            if (!samples)
                continue;
            var request = worker.Requests[slot];
            request.FirstTokenAt ??= now;
            if (++request.Generated < request.Current.CompletionTokens)
                continue;
            if (request.Current.Tool is { } tool)
            {
                worker.Core.Park(slot, tool, Tool(request), now);
                At(now + request.Current.ToolSeconds, new Event(EventKind.ToolReturned, request));
            }
            else
            {
                Finish(request);
            }
        }
    }

    private ToolForecast Tool(SimulatedRequest request) => setup.Policy.ToolTimes switch
    {
        ToolTimes.True => OraclePredictions.TrueTool(request),
        ToolTimes.Unknown => NoPredictions.UnknownTool(request),
        _ => setup.Predictions.Tool(request),
    };

    private void Finish(SimulatedRequest request)
    {
        var slot = request.Slot!;
        if (slot.Length != request.Session.MostContextTokens || slot.Computed != slot.Length - 1)
            throw new InvalidOperationException($"{slot.Request} ends with {slot.Computed} of {slot.Length} tokens computed; its session has {request.Session.MostContextTokens}.");
        request.FinishedAt = now;
        finished++;
        worker.Requests.Remove(slot);
        worker.Core.Remove(slot, now);
        setup.Predictions.Learn(request);
    }

    private void Wake()
    {
        if (worker.Running is null && worker.Begin(now) is { } end)
            At(end, new Event(EventKind.IterationEnded, null));
    }

    private SimulationResult Result()
    {
        if (finished != requests.Length)
            throw new InvalidOperationException($"{requests.Length - finished} of {requests.Length} requests never finished.");
        worker.Measure(now);
        worker.CheckEmpty();
        var once = requests.Sum(request => request.Session.MostContextTokens - 1L);
        var again = worker.Core.Totals.RecomputedTokens;
        if (worker.ComputedTokens != once + again)
            throw new InvalidOperationException($"{worker.ComputedTokens} tokens were computed; the requests have {once}, and {again} were counted as computed again.");
        return new SimulationResult(
            requests, setup.Window, now, worker.ComputedTokens, again, worker.Core.Totals.Preemptions, worker.BusyInWindow,
            worker.ParkedTokenSeconds / (now * setup.KvTokens), worker.Device.StalledSeconds)
        {
            StarvationViolations = worker.Violations,
        };
    }

    private void At(double time, Event next) => events.Enqueue(next, (time, order++));

    private enum EventKind
    {
        Arrival,
        ToolReturned,
        IterationEnded,
    }

    private readonly record struct Event(EventKind Kind, SimulatedRequest? Request);
}
