namespace Pharos.Bench.Faults.Running;

/// <summary>What a seed draws: which faults, and who talks.</summary>
internal static class FaultPlan
{
    private static readonly FaultKind[] Mishaps =
        [FaultKind.PieceDamaged, FaultKind.PieceLost, FaultKind.MoveSourceKilled, FaultKind.MoveTargetKilled, FaultKind.MoveCalledOff];

    /// <summary>At least three kinds in every run.</summary>
    public static SortedSet<FaultKind> DrawKinds(Random random)
    {
        var all = Enum.GetValues<FaultKind>().Except(Mishaps).Where(kind => kind is not (FaultKind.SequenceMoved or FaultKind.ReleaseLate)).ToArray();
        random.Shuffle(all);
        return [.. all.Take(3 + random.Next(4))];
    }

    /// <summary>Every other run has migrations, and one or two things that go wrong with them. Apart from the other kinds, of which each run has its share.</summary>
    public static SortedSet<FaultKind> DrawMoves(Random random)
    {
        if (random.Next(2) == 0)
            return [];
        var mishaps = Mishaps.ToArray();
        random.Shuffle(mishaps);
        return [FaultKind.SequenceMoved, .. mishaps.Take(random.Next(3))];
    }

    /// <summary>In one run of three old words come late: beside the other kinds, too.</summary>
    public static SortedSet<FaultKind> DrawLateWords(Random random) => random.Next(3) == 0 ? [FaultKind.ReleaseLate] : [];

    /// <summary>
    /// Best-effort words, such as to free a cache, may be lost with it: what they would have freed goes with its lease. A write that has its effect and
    /// fails loses those that were to follow it.
    /// </summary>
    public static bool LosesMessages(FaultKind kind) => kind is
        FaultKind.SiloKilled or FaultKind.SiloRestarted or FaultKind.SiloHalted or FaultKind.SiloEvicted or FaultKind.MessagesLost or FaultKind.AnswersLost
        or FaultKind.GatewayCutOff or FaultKind.DeviceFails or FaultKind.PieceLost or FaultKind.MoveSourceKilled or FaultKind.MoveTargetKilled
        or FaultKind.StorageFails;

    public static (Conversation Conversation, Behaviour Behaviour) DrawClient(Random random, SortedSet<FaultKind> kinds)
    {
        var fate = random.Next(3) > 0 ? ToolFate.Answers
            : kinds.Contains(FaultKind.ToolSilent) ? ToolFate.Silent
            : kinds.Contains(FaultKind.ToolFails) ? ToolFate.Fails
            : ToolFate.Answers;
        var conversation = new Conversation(random.Next(Conversation.Library), fate);
        var vanishes = kinds.Contains(FaultKind.ClientVanishes) && random.Next(3) == 0;
        var leaves = vanishes && random.Next(2) == 0;
        var slow = kinds.Contains(FaultKind.ToolSlow) && random.Next(2) == 0;
        return (conversation, new Behaviour(
            0.5 + 6 * random.NextDouble(), leaves ? random.Next(60) : null, vanishes && !leaves, slow ? 10 * random.NextDouble() : 0.5 * random.NextDouble()));
    }
}
