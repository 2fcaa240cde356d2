using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Answers;

/// <summary>An answer under way.</summary>
/// <param name="Id">Of the response; it names the request, and the answer where that has several.</param>
internal sealed record StartedAnswer(string Id, AnswerStream Stream, int FromNotice, RequestSpec Spec);

/// <summary>The answers that one response carries, read together. Who leaves before the end cancels all that are not complete.</summary>
internal sealed class AnswerSet(IReadOnlyList<StartedAnswer> answers) : IAsyncDisposable
{
    public int Count => answers.Count;

    public StartedAnswer this[int index] => answers[index];

    /// <summary>Their steps as they come, each with the number of its answer, until all have ended or one has failed.</summary>
    public async IAsyncEnumerable<(int Answer, AnswerEvent Step)> Read([EnumeratorCancellation] CancellationToken ct)
    {
        if (answers is [var only])
        {
            await foreach (var step in only.Stream.Read(only.FromNotice, ct))
                yield return (0, step);
            yield break;
        }
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var steps = Channel.CreateUnbounded<(int, AnswerEvent)>(new UnboundedChannelOptions { SingleReader = true });
        var pumps = PumpAll(steps.Writer, leave.Token);
        try
        {
            while (await steps.Reader.WaitToReadAsync(ct))
            {
                while (steps.Reader.TryRead(out var next))
                {
                    yield return next;
                    if (next.Item2 is AnswerEvent.Failed)
                        yield break;
                }
            }
        }
        finally
        {
            leave.Cancel();
            await pumps;
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(answers.Select(answer => answer.Stream.DisposeAsync().AsTask()));

    private async Task PumpAll(ChannelWriter<(int, AnswerEvent)> steps, CancellationToken ct)
    {
        try
        {
            await Task.WhenAll(answers.Select((answer, index) => Pump(answer, index, steps, ct)));
            steps.Complete();
        }
        catch (Exception failure) // the reader's to see
        {
            steps.Complete(failure);
        }
    }

    private static async Task Pump(StartedAnswer answer, int index, ChannelWriter<(int, AnswerEvent)> steps, CancellationToken ct)
    {
        await foreach (var step in answer.Stream.Read(answer.FromNotice, ct))
            steps.TryWrite((index, step));
    }
}
