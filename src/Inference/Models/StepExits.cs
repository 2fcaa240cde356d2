using Pharos.Inference.Backend;
using Pharos.Scheduling.Models;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Models;

/// <summary>
/// Who may leave a step early, and who does: which rows of logits are wanted at an exit, whether what it says counts, and which sequences stop there. The
/// engines bring the numbers; rows may be settled by several threads, the rest is one thread's.
/// </summary>
/// <param name="layers">Of the whole model.</param>
internal sealed class StepExits(BackendLimits limits, int layers)
{
    private StepBatch batch = null!;
    private StepResult result = null!;
    private bool reports;          // the results say where logits came from
    private bool[] settled = [];   // [logit rows] an exit was sure enough
    private int[] choice = [];     // [logit rows] the most likely token there
    private bool[] stops = [];     // [sequences] nothing is left to run
    private int[] wanted = [];
    private int wantedCount;

    /// <summary>Exits are asked in this step: a row may use them, or a deficit joins at one.</summary>
    public bool Asks { get; private set; }

    /// <summary>[sequences] of those that have stopped.</summary>
    public bool[] Stops => stops;

    /// <summary>Logit rows to compute at the next exit, or at the end; ascending.</summary>
    public ReadOnlySpan<int> Wanted => wanted.AsSpan(0, wantedCount);

    /// <param name="depth">Layers that will run; fewer than all: no exit is asked before them.</param>
    public void Begin(StepBatch batch, StepResult result, int depth)
    {
        (this.batch, this.result) = (batch, result);
        if (settled.Length < batch.LogitRowCount)
            (settled, choice, wanted) = (new bool[batch.LogitRowCount * 2], new int[batch.LogitRowCount * 2], new int[batch.LogitRowCount * 2]);
        Array.Clear(settled);
        if (stops.Length < batch.SequenceCount)
            stops = new bool[batch.SequenceCount * 2];
        Array.Clear(stops);
        reports = limits.ExitLayers.Length > 0 && depth == layers;
        Asks = reports && IsUsed();
        if (reports)
        {
            result.Deficits.AsSpan(0, batch.SequenceCount).Clear();
            result.Exits.AsSpan(0, batch.LogitRowCount).Fill(new ExitReport(layers, 0, 0, null));
        }
        Want(isLast: !Asks);
    }

    /// <summary>Number of the exit below a layer, where it is asked.</summary>
    public int? Below(int layer) => Asks && Array.IndexOf(limits.ExitLayers, layer) is >= 0 and var exit ? exit : null;

    /// <summary>A row's sureness decides what counts.</summary>
    public bool IsJudged(int row) => reports && batch.Exits[row].IsOn;

    /// <summary>Notes what an exit says of a row.</summary>
    /// <param name="sure">Of its logits, where <see cref="IsJudged"/>.</param>
    /// <param name="exit">Its number; null: the whole model.</param>
    /// <returns>These logits are, so far, the row's answer.</returns>
    public bool Settle(int row, Sureness sure, int? exit)
    {
        if (!IsJudged(row))
            return true;
        var rule = batch.Exits[row];
        if (settled[row])
        {
            bool agrees = sure.Token == choice[row], audited = rule.Use == ExitUse.Audited;
            result.Exits[row] = audited ? result.Exits[row] with { Agrees = agrees } : new ExitReport(layers, sure.Confidence, sure.Margin, agrees);
            return !audited;
        }
        if (exit is not null && !(sure.Confidence >= rule.Threshold))
            return false;
        (settled[row], choice[row]) = (true, sure.Token);
        result.Exits[row] = new ExitReport(exit is { } number ? limits.ExitLayers[number] : layers, sure.Confidence, sure.Margin, null);
        return true;
    }

    /// <summary>After an exit: who stops there, and what is wanted next.</summary>
    public void Stop(int exit)
    {
        int logitRow = 0;
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            int token = batch.QueryStart[sequence], end = batch.QueryStart[sequence + 1];
            while (logitRow < batch.LogitRowCount && batch.LogitRows[logitRow] < token)
                logitRow++;
            if (stops[sequence] || end - token > 1 || logitRow == batch.LogitRowCount || batch.LogitRows[logitRow] != token || !MayStop(sequence, token, logitRow))
                continue;
            stops[sequence] = true;
            result.Deficits[sequence] = batch.Deficits[sequence].Stopping(exit);
        }
        Want(isLast: exit == limits.ExitLayers.Length - 1);
    }

    // The last token of a window goes on, so that a deficit never leaves its block; compact forms have no place for a residual.
    private bool MayStop(int sequence, int token, int logitRow) =>
        settled[logitRow] && batch.Exits[logitRow].Use == ExitUse.Taken && batch.Forms[sequence] == CacheForm.Kv && batch.SlotMapping[token] >= 0
        && (batch.Positions[token] + 1) % limits.ExitWindow != 0;

    private void Want(bool isLast)
    {
        wantedCount = 0;
        for (int row = 0; row < batch.LogitRowCount; row++)
        {
            if (isLast ? !settled[row] || batch.Exits[row].Use != ExitUse.Taken : !settled[row] && batch.Exits[row].IsOn)
                wanted[wantedCount++] = row;
        }
    }

    private bool IsUsed()
    {
        for (int row = 0; row < batch.LogitRowCount; row++)
        {
            if (batch.Exits[row].IsOn)
                return true;
        }
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            if (batch.Deficits[sequence].Count > 0)
                return true;
        }
        return false;
    }
}
