using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Worker;

namespace Pharos.Grains.Devices;

/// <summary>
/// Chooses a sequence's next token from what a step gave. Most rows depend on nothing but themselves; where they are much work they are chosen ahead, each on
/// whatever thread comes first. What a <see cref="GuidedChooser"/> chooses is chosen when it is asked for.
/// </summary>
internal sealed class TokenChooser : IDisposable
{
    private const long WorkForThreads = 2_000_000; // logits looked at: below, waking a thread takes longer than it saves
    private const int LooksToDraw = 8;             // at a logit, where the most likely token needs one
    private readonly IModelBackend backend;
    private readonly int vocabulary;
    private readonly Sampler[] samplers; // [thread]
    private readonly ThreadTeam team;
    private readonly GuidedChooser guided;

    // Of the step under way, for all threads.
    private StepResult result = null!;
    private StepBatch step = null!;
    private ServedSequence?[] owners = []; // [rows] null: to be chosen when it is asked for
    private int[] chosen = [];             // [rows]
    private int rows;
    private int next;

    public TokenChooser(IModelBackend backend)
    {
        this.backend = backend;
        vocabulary = backend.Model.VocabularySize;
        samplers = [.. Enumerable.Range(0, Math.Max(1, backend.Limits.SamplingThreads)).Select(_ => new Sampler(vocabulary))];
        guided = new GuidedChooser(vocabulary, samplers[0]);
        team = new ThreadTeam(samplers.Length, ChooseShare);
    }

    /// <summary>Chooses what <see cref="Choose"/> will be asked for, as far as it can be known now.</summary>
    public void ChooseAhead(StepResult result, StepBatch step, IterationPlan plan, Func<SequenceSlot, ServedSequence> content)
    {
        rows = 0;
        if (team.Threads == 1 || backend.Limits.SamplesTokens || Work(step) < WorkForThreads)
            return;
        if (owners.Length < step.LogitRowCount)
            (owners, chosen) = (new ServedSequence[step.Sampling.Length], new int[step.Sampling.Length]);
        foreach (var planned in plan.Batch)
        {
            for (int i = planned.Samples ? planned.Drafts : -1; i >= 0; i--)
                owners[rows++] = content(planned.Sequence) is var sequence && GuidedChooser.Guides(sequence) ? null : sequence;
        }
        (this.result, this.step, next) = (result, step, 0);
        team.Run(together: true);
    }

    /// <param name="row">Of the step's result.</param>
    public int Choose(StepResult result, int row, in SamplingStep step, ServedSequence sequence) =>
        row < rows && owners[row] is not null ? chosen[row]
        : GuidedChooser.Guides(sequence) ? guided.Choose(LogitsOf(result, row), step, sequence)
        : backend.Limits.SamplesTokens ? result.Tokens[row]
        : samplers[0].Sample(LogitsOf(result, row), step);

    public void Dispose() => team.Dispose();

    private long Work(StepBatch step)
    {
        long looks = 0;
        for (int row = 0; row < step.LogitRowCount; row++)
            looks += step.Sampling[row].Temperature > 0 ? LooksToDraw : 1;
        return looks * vocabulary;
    }

    private void ChooseShare(int thread)
    {
        for (int row; (row = Interlocked.Increment(ref next) - 1) < rows;)
        {
            if (owners[row] is not null)
                chosen[row] = samplers[thread].Sample(LogitsOf(result, row), step.Sampling[row]);
        }
    }

    private Span<float> LogitsOf(StepResult from, int row) => from.Logits.AsSpan(row * vocabulary, vocabulary);
}
