using System.Collections.Concurrent;

namespace Pharos.Bench.Cluster;

/// <summary>Clients that play scripts without pause, and hold every answer against the one that was given while nothing was wrong.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    private readonly HttpClient client;
    private readonly Script[] scripts;
    private readonly Dictionary<string, string> undisturbed;
    private readonly CancellationTokenSource enough = new();
    private readonly ConcurrentDictionary<Conversation, bool> running = new();
    private readonly ConcurrentQueue<string> failures = new();
    private readonly ConcurrentQueue<long[]> gaps = new();
    private readonly Task[] clients;
    private int begun, ended, postponed;

    private Traffic(HttpClient client, Script[] scripts, Dictionary<string, string> undisturbed, int clients)
    {
        (this.client, this.scripts, this.undisturbed) = (client, scripts, undisturbed);
        this.clients = [.. Enumerable.Range(0, clients).Select(_ => Converse())];
    }

    /// <summary>Answers that were complete and the same as undisturbed.</summary>
    public int Ended => Volatile.Read(ref ended);

    /// <summary>503 with Retry-After, heeded.</summary>
    public int Postponed => Volatile.Read(ref postponed);

    /// <summary>Answers that failed or were different.</summary>
    public IReadOnlyCollection<string> Failures => failures;

    /// <summary>Those that are being answered now.</summary>
    public IReadOnlyList<Conversation> Running => [.. running.Keys.Where(one => one.Request is not null)];

    /// <summary>Plays every script once, four at a time, to know what is said; then with <paramref name="clients"/> at a time until it is disposed of.</summary>
    public static async Task<Traffic> Begin(HttpClient client, Script[] scripts, int clients)
    {
        var undisturbed = new ConcurrentDictionary<string, string>();
        await Parallel.ForEachAsync(scripts, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (script, ct) =>
        {
            var one = new Conversation(script, client, TimeProvider.System);
            await one.Play(ct);
            undisturbed[script.Name] = one.Text;
        });
        return new Traffic(client, scripts, new Dictionary<string, string>(undisturbed), clients);
    }

    /// <summary>The longest that any client waited between two pieces of one answer.</summary>
    public TimeSpan LongestGap => TimeSpan.FromSeconds(SecondsBetweenTexts.DefaultIfEmpty().Max());

    /// <summary>Between two pieces of one answer, of all that have ended.</summary>
    public IEnumerable<double> SecondsBetweenTexts => gaps.SelectMany(gaps => gaps).Select(gap => (double)gap / TimeProvider.System.TimestampFrequency);

    /// <summary>Until so many more have ended well, or one has failed.</summary>
    /// <exception cref="DrillFailedException">Nothing more came.</exception>
    public async Task More(int answers, TimeSpan patience)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var goal = Ended + answers; Ended < goal && failures.IsEmpty;)
        {
            if (TimeProvider.System.GetElapsedTime(began) > patience)
                throw new DrillFailedException($"In {patience.TotalSeconds:F0} s fewer than {answers} answers were completed.");
            await Task.Delay(20);
        }
    }

    /// <summary>Nothing new is asked; what runs ends.</summary>
    public async Task Finish()
    {
        await enough.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromMinutes(2));
    }

    public async ValueTask DisposeAsync()
    {
        await enough.CancelAsync();
        enough.Dispose();
    }

    private async Task Converse()
    {
        await Task.Yield();
        while (!enough.IsCancellationRequested && scripts.Length > 0)
        {
            var script = scripts[Interlocked.Increment(ref begun) % scripts.Length];
            var one = new Conversation(script, client, TimeProvider.System);
            running[one] = true;
            try
            {
                await one.Play(CancellationToken.None);
                if (one.Text == undisturbed[script.Name])
                    Interlocked.Increment(ref ended);
                else
                    failures.Enqueue($"'{script.Name}' said '{one.Text}' instead of '{undisturbed[script.Name]}'");
            }
            catch (Exception failure)
            {
                failures.Enqueue(failure.Message);
            }

            Interlocked.Add(ref postponed, one.Postponed);
            running.TryRemove(one, out _);
            gaps.Enqueue([.. one.HeardAt.Zip(one.HeardAt.Skip(1), (before, after) => after - before)]);
        }
    }
}
