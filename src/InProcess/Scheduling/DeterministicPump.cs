namespace Pharos.InProcess;

/// <summary>
/// One thread, and a seed that chooses what happens next among all that could: the same seed gives the same run. Drive it with
/// <see cref="Run"/>; with <see cref="VirtualTime"/> as the cluster's clock nothing else moves.
/// </summary>
/// <remarks>
/// Grains in such a cluster must not hand work to other threads (Task.Run, channels with asynchronous continuations, real I/O): what comes back
/// from there arrives whenever it likes, and the run is no longer repeatable: such a run is ended with the place it came from.
/// </remarks>
public sealed class DeterministicPump(int seed) : IMessagePump
{
    private readonly Random random = new(seed);
    private readonly Lock gate = new();
    private readonly List<Work> ready = [];
    private TaskCompletionSource? resting;
    private bool running;
    private Thread? own;
    private string? strayed; // where another thread gave this one something to do

    /// <summary>What happened so far, in order: whose turn ran, which message arrived. Set to see it.</summary>
    public Action<string>? Trace { get; set; }

    /// <summary>Called after each step, with no turn running: the place to check what must hold at all times.</summary>
    public Action? AfterStep { get; set; }

    /// <summary>A clock that goes on to its next timer when nothing else is left to do; null: somebody else moves time.</summary>
    public VirtualTime? Time { get; set; }

    /// <summary>How many steps were taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Runs <paramref name="story"/> and everything it sets off on this thread, until the story ends.</summary>
    /// <exception cref="InvalidOperationException">Nothing is left to do and the story has not ended: it waits for something that nobody does.</exception>
    /// <param name="most">Steps after which it is given up: time goes on by itself, so a story that never ends would be told for ever.</param>
    public void Run(Func<Task> story, long most = long.MaxValue)
    {
        var before = SynchronizationContext.Current;
        if (running) throw new InvalidOperationException("The pump is running already.");
        running = true;
        own = Thread.CurrentThread;
        SynchronizationContext.SetSynchronizationContext(new StoryContext(this));
        try
        {
            var told = story();
            while (!told.IsCompleted)
            {
                if (Steps >= most) throw new InvalidOperationException($"The story has not ended after {Steps} steps.");
                if (Volatile.Read(ref strayed) is { } place) throw new InvalidOperationException($"After {Steps} steps another thread gave this one something to do: {place}");
                if (!Step() && !Rest() && Time?.RunNext() != true) throw new InvalidOperationException($"After {Steps} steps nothing is left to do, but the story has not ended: it waits for time that nobody moves, or for another thread. {Volatile.Read(ref strayed)}");
            }

            told.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
            running = false;
        }
    }

    public void Deliver(IDelivery message) => Add(new Work(message, null, null));

    public void Schedule(ITurnQueue turns) => Add(new Work(null, turns, null));

    public TaskCreationOptions Continuations => TaskCreationOptions.None;

    /// <summary>Completes when nothing is left to do; messages under way are something to do.</summary>
    public Task SettleAsync()
    {
        lock (gate)
        {
            if (ready.Count == 0) return Task.CompletedTask;
            return (resting ??= new TaskCompletionSource()).Task;
        }
    }

    private bool Step()
    {
        Work work;
        lock (gate)
        {
            if (ready.Count == 0) return false;
            var chosen = random.Next(ready.Count);
            work = ready[chosen];
            ready.RemoveAt(chosen);
        }

        Steps++;
        Trace?.Invoke(work.ToString());
        if (work.Message is { } message) message.Arrive();
        else if (work.Turns is { } turns) RunOneTurn(turns);
        else work.Continuation!();
        AfterStep?.Invoke();
        return true;
    }

    /// <summary>Tells those who wait for it that nothing is left to do.</summary>
    private bool Rest()
    {
        var waiting = resting;
        resting = null;
        waiting?.SetResult();
        return waiting is not null;
    }

    private void RunOneTurn(ITurnQueue turns)
    {
        // Without the story's context: an await in a turn resumes in its own queue.
        var story = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            if (turns.RunTurns(1)) Schedule(turns);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(story);
        }
    }

    private void Add(Work work)
    {
        if (running && Thread.CurrentThread != own) Volatile.Write(ref strayed, $"{work}\n{Environment.StackTrace}");
        lock (gate) ready.Add(work);
    }

    private readonly record struct Work(IDelivery? Message, ITurnQueue? Turns, Action? Continuation)
    {
        public override string ToString() => Message is not null ? $"message {Message}" : Turns is not null ? $"turn {Turns.Name}" : "story";
    }

    private sealed class StoryContext(DeterministicPump pump) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => pump.Add(new Work(null, null, () => d(state)));
        public override SynchronizationContext CreateCopy() => this;
    }
}
