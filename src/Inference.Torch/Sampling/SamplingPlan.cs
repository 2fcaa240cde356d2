using System.Runtime.InteropServices;
using Pharos.Inference.Backend;
using Pharos.Inference.Sampling;

namespace Pharos.Inference.Torch.Sampling;

/// <summary>
/// Which rows of a step are sampled and how, as a device takes it: the most likely token is chosen for all, rows with a temperature are drawn, apart for
/// those that are cut by rank or mass, and rows that the caller samples go to the host as logits. Reused.
/// </summary>
internal sealed class SamplingPlan
{
    private const double Log2E = 1.4426950408889634;
    private readonly List<int> whole = [];
    private readonly List<int> cut = [];
    private readonly List<int> byCaller = [];
    private readonly List<long> rows = [];
    private readonly List<double> settings = [];

    /// <summary>Numbers of a row: the scale of its logits (to the base 2 and over the temperature), the draw in [0, 1), TopP, TopK.</summary>
    public const int Settings = 4;

    /// <summary>Rows drawn from all tokens.</summary>
    public int Whole => whole.Count;

    /// <summary>Rows drawn from the tokens that a rank or a mass leaves.</summary>
    public int Cut => cut.Count;

    /// <summary>Rows whose logits the caller wants, ascending.</summary>
    public IReadOnlyList<int> ByCaller => byCaller;

    /// <summary>Row numbers: those drawn whole, those cut, then those for the caller.</summary>
    public ReadOnlySpan<long> Rows => CollectionsMarshal.AsSpan(rows);

    /// <summary>[whole + cut, <see cref="Settings"/>]</summary>
    public ReadOnlySpan<double> Values => CollectionsMarshal.AsSpan(settings);

    public void Plan(StepBatch batch, int vocabulary)
    {
        whole.Clear();
        cut.Clear();
        byCaller.Clear();
        rows.Clear();
        settings.Clear();
        for (int row = 0; row < batch.LogitRowCount; row++)
        {
            var step = batch.Sampling[row];
            if (step.WantsLogits)
                byCaller.Add(row);
            else if (step.Temperature > 0 && step.TopK != 1)
                (step.TopP < 1 || (step.TopK > 0 && step.TopK < vocabulary) ? cut : whole).Add(row);
        }
        Add(whole, batch, vocabulary);
        Add(cut, batch, vocabulary);
        foreach (int row in byCaller)
            rows.Add(row);
    }

    private void Add(List<int> drawn, StepBatch batch, int vocabulary)
    {
        foreach (int row in drawn)
        {
            var step = batch.Sampling[row];
            rows.Add(row);
            settings.Add(Math.Min(Log2E / step.Temperature, float.MaxValue));
            settings.Add(CounterRandom.Uniform(step.Seed, (ulong)step.Position));
            settings.Add(Math.Min(step.TopP, 1));
            settings.Add(step.TopK > 0 ? Math.Min(step.TopK, vocabulary) : vocabulary);
        }
    }
}
