using System.Collections.Immutable;
using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Pausing;
using Pharos.Scheduling.Prediction;
using Pharos.Scheduling.Requests;

namespace Pharos.Scheduling.Tests.Requests;

/// <summary>
/// One request and the workers around it: carries effects out as a grain would, and keeps what each worker really holds. Every generated token
/// is a function of its position, so that a token lost, doubled or misplaced shows.
/// </summary>
public sealed class RequestWorld
{
    public const string Id = "r1";
    private static readonly SegmentForecast Forecast = new(Estimate.Exactly(9), 0.5, null, Estimate.Exactly(1), 3, Estimate.Exactly(9));

    private int attempts = 1;

    public RequestWorld(ToolUse tools = ToolUse.Client, int maxTokens = 100)
    {
        Core = new RequestCore(Id, new RequestState(), results => [.. results.SelectMany(_ => Turn)]);
        Spec = new RequestSpec("pool", "tenant", "gateway", [1, 2, 3, 4], Options with { MaxTokens = maxTokens }, tools, ["weather"], ["h1", "h2"], 0);
    }

    public static GenerationOptions Options { get; } = new(100, 0, 1, 0, 7, []);

    public static ImmutableArray<int> Turn { get; } = [-1, -1, -1];

    public RequestCore Core { get; private set; }

    public RequestState State => Core.State;

    public RequestSpec Spec { get; }

    public double Now { get; set; } = 1000;

    public Dictionary<string, Held> Workers { get; } = [];

    public List<RequestEffect> Effects { get; } = [];

    public List<SegmentReport> Reports { get; } = [];

    public static int TokenAt(int position) => 1000 + position * 7;

    public RequestWorld Start()
    {
        Apply(Core.Start(Spec, Now));
        return this;
    }

    /// <summary>The activation is lost; the next begins with what was written.</summary>
    public RequestWorld LoseActivation()
    {
        Core = new RequestCore(Id, State, results => [.. results.SelectMany(_ => Turn)]);
        Apply(Core.Recover());
        return this;
    }

    public RequestWorld Dispatch(string worker)
    {
        Apply(Core.Dispatch(worker, Forecast, Now));
        return this;
    }

    public RequestWorld Generate(string worker, int count)
    {
        var held = Workers[worker];
        for (var i = 0; i < count; i++)
            held.Tokens.Add(TokenAt(held.Tokens.Count));
        return this;
    }

    /// <summary>The worker's segment ends; with calls it keeps the cache parked, else it has freed it.</summary>
    public SegmentReport End(string worker, SegmentEndReason reason = SegmentEndReason.Stop, int calls = 1)
    {
        var held = Workers[worker];
        var tokens = held.Tokens.Skip(held.SegmentStart).ToImmutableArray();
        ImmutableArray<ToolCall> made = reason == SegmentEndReason.ToolCalls
            ? [.. Enumerable.Range(0, calls).Select(i => new ToolCall(ToolCallId.Format(Id, held.SegmentStart, i), "weather", "{}"))] : [];
        var receipt = made.Length == 0 ? null : new PauseReceipt(made[0].Id, "weather", 0, 1, 2, held.Tokens.Count, default, PauseAction.Preserve, "pressure", null, 0, []);
        var report = new SegmentReport(
            worker, held.Epoch, held.SegmentStart, tokens, "", new SegmentEnd(reason, made, held.SegmentStart, tokens.Length, 2, 10, 0.5, 1), receipt);
        if (reason == SegmentEndReason.ToolCalls)
            held.Parked = true;
        else
            Workers.Remove(worker);
        Reports.Add(report);
        Tell(report);
        return report;
    }

    public void Tell(SegmentReport report) => Apply(Core.SegmentEnded(report, Now));

    public void Lose(string worker, int delivered, bool really = true, bool byReader = true)
    {
        var held = Workers[worker];
        if (really)
            Workers.Remove(worker);
        Apply(Core.WorkerLost(worker, held.Epoch, [.. held.Tokens.Skip(held.SegmentStart).Take(delivered)], byReader, Now));
        if (!really)
            Workers[worker] = held; // only slow, and the release does not reach it either
    }

    /// <summary>A client's attempt, each under an id of its own: r2, r3 ...</summary>
    public ResumeSpec Results(int? segmentStart = null, int calls = 1, string tenant = "tenant", params string[] transcript)
    {
        var at = segmentStart ?? State.SegmentStart;
        return new ResumeSpec(
            tenant, "gateway2", at, [.. Enumerable.Range(0, calls).Select(i => new ToolResult(ToolCallId.Format(Id, at, i), "weather", "sunny", 0, false))],
            transcript.Length > 0 ? [.. transcript] : ["h1", "h2"], Options, $"r{++attempts}");
    }

    public ResumeOutcome Resume(ResumeSpec spec)
    {
        var (outcome, effects) = Core.Resume(spec, Now);
        Apply(effects);
        return outcome;
    }

    public void ToolsReturn(int? segmentStart = null, double seconds = 2) => Apply(Core.ToolsReturned(
        segmentStart ?? State.SegmentStart, [.. State.Calls.Select(call => new ToolResult(call.Id, call.Name, "sunny", seconds, false))], Now));

    public void Cancel() => Apply(Core.Cancel("client went away", Now));

    /// <summary>Another worker begins to fetch it.</summary>
    public MigrationOrder Move(string target)
    {
        var (refusal, effects) = Core.Migrate(target, MigrationReason.Operator, Now);
        Assert.Null(refusal);
        Apply(effects);
        return Last<RequestEffect.Move>().Order;
    }

    /// <summary>All of it is at the target, as the source has it now; what the request says to that.</summary>
    /// <param name="isLost">The target does not hear the answer, and is gone.</param>
    public string? Arrive(MigrationOrder order, bool isLost = false)
    {
        var target = Effects.OfType<RequestEffect.Move>().Last(move => move.Order == order).Target;
        if (!Workers.TryGetValue(order.Source, out var held) || held.Epoch != order.SourceEpoch)
        {
            Apply(Core.MoveFailed(order.Epoch, "it is not there any more", Now));
            return "it is not there any more";
        }

        var (refusal, effects) = Core.TakeOver(target, order.Epoch, held.Parked, held.SegmentStart, Now);
        if (refusal is null && !isLost)
            Workers[target] = new Held(order.Epoch, [.. held.Tokens], held.SegmentStart) { Parked = held.Parked };
        Apply(effects);
        return refusal;
    }

    public void Apply(IReadOnlyList<RequestEffect> effects)
    {
        foreach (var effect in effects)
        {
            Effects.Add(effect);
            switch (effect)
            {
                case RequestEffect.Admit(var worker, var work):
                    if (Workers.TryGetValue(worker, out var there) && there.Epoch >= work.Epoch)
                        Apply(Core.Refused(worker, Now));
                    else
                        Workers[worker] = new Held(work.Epoch, [.. work.Tokens], work.SegmentStart);
                    break;
                case RequestEffect.Continue(var worker, var work):
                    if (!Workers.TryGetValue(worker, out var parked) || !parked.Parked || parked.Epoch != work.PausedEpoch)
                    {
                        Apply(Core.NotHere(worker, Forecast, Now));
                        break;
                    }

                    parked.Tokens.AddRange(work.Appended);
                    Workers[worker] = new Held(work.Epoch, parked.Tokens, parked.Tokens.Count);
                    break;
                case RequestEffect.Release(var worker, var epoch):
                    if (Workers.TryGetValue(worker, out var held) && held.Epoch <= epoch)
                        Workers.Remove(worker);
                    break;
            }
        }
    }

    public T Last<T>() where T : RequestEffect => Effects.OfType<T>().Last();

    public bool Has<T>() where T : RequestEffect => Effects.OfType<T>().Any();

    /// <summary>What holds at any time.</summary>
    public void Check()
    {
        for (var i = 0; i < State.Tokens.Length; i++)
            Assert.True(i < 4 ? State.Tokens[i] == i + 1 : State.Tokens[i] == -1 || State.Tokens[i] == TokenAt(i), $"token {State.Tokens[i]} at {i}");
        Assert.Equal(Core.Notices.Select(notice => notice.Number).Distinct().Order(), Core.Notices.Select(notice => notice.Number));
        Assert.True(Core.Notices.Count == 0 || State.NextNotice > Core.Notices[^1].Number);
        Assert.Equal(State.Timeline.Select(entry => entry.At).Order(), State.Timeline.Select(entry => entry.At));
        Assert.True(State.SegmentStart <= State.Tokens.Length);
    }

    public sealed class Held(int epoch, List<int> tokens, int segmentStart)
    {
        public int Epoch => epoch;

        public List<int> Tokens => tokens;

        public int SegmentStart => segmentStart;

        public bool Parked { get; set; }
    }
}
