namespace Pharos.Bench.Faults.Mutations;

/// <summary>A mistake that the simulation must notice: one piece of a source file, replaced.</summary>
/// <param name="Project">Folder of the project that is built anew.</param>
/// <param name="Old">Occurs once in the file.</param>
internal sealed record Mutation(string Name, string Project, string File, string Old, string New)
{
    public static IReadOnlyList<Mutation> All { get; } =
    [
        new("epoch fence of segment reports dropped", "src/Scheduling", "Requests/RequestCore.Tools.cs",
            "if (IsOver || report.Epoch != state.Epoch || state.Phase is not", "if (IsOver || state.Phase is not"),
        new("epoch fence of token deltas dropped", "src/Gateway", "Answers/AnswerMerge.cs",
            "else if (delta.Epoch == _epoch)", "else"),
        new("position dedup off", "src/Gateway", "Answers/DeliveredSegment.cs",
            "var unheard = Math.Clamp(_sourceText - _text, 0, delta.Text.Length);", "var unheard = delta.Text.Length;"),
        new("gap in the positions unnoticed", "src/Gateway", "Answers/DeliveredSegment.cs",
            "if (delta.Position != _position)\n            return false;", "_position = delta.Position;"),
        new("free of blocks skipped", "src/Scheduling", "Worker/WorkerCore.cs",
            "ledger.GiveBack(KvTier.Device, slot.Id, slot.DeviceBlocks);", ""),
        new("swap-in copies the wrong block", "src/Scheduling", "Worker/WorkerCore.Memory.cs",
            "new BlockCopy(KvTier.Host, slot.HostBlocks[i], KvTier.Device, slot.DeviceBlocks[i])", "new BlockCopy(KvTier.Host, slot.HostBlocks[0], KvTier.Device, slot.DeviceBlocks[i])"),
        new("lease of parked caches never expires", "src/Grains", "Devices/DeviceLoop.cs",
            "now - slot.ParkedAt > ParkedLease.TotalSeconds", "now < slot.ParkedAt"),
        new("retention of parked requests never ends", "src/Grains", "RequestGrain.Alarms.cs",
            "options.Value.ParkedRetention, Expire)", "options.Value.ParkedRetention, _ => Task.CompletedTask)"),
        new("text of earlier segments not kept", "src/Scheduling", "Requests/RequestCore.cs",
            "state.Said = state.Said.Add(numbered);", ";"),
        new("notice numbers used again after a loss", "src/Scheduling", "Requests/RequestCore.Tools.cs",
            "state.NextNotice = (state.NextNotice / NoticesOfOneLife + 1) * NoticesOfOneLife;", ""),
        new("release takes a newer owner's sequence", "src/Grains", "Devices/DeviceLoop.Commands.cs",
            "|| sequence.Slot.Epoch > epoch)", ")"),
        new("delivered tokens added twice", "src/Scheduling", "Requests/RequestCore.cs",
            "delivered.AsSpan()[known..]", "delivered.AsSpan()"),
        new("text of delivered tokens not rebuilt", "src/Grains", "Devices/DeviceLoop.Commands.cs",
            "if (sequence.Replay() is { } end)", "if (null as TokenMeaning? is { } end)"),
        new("cancel leaves the sequence on its worker", "src/Scheduling", "Requests/RequestCore.cs",
            "effects.Add(new RequestEffect.Release(worker, state.Epoch)); // a cache parked under an older epoch goes too", "{ }"),
        new("pause not written", "src/Scheduling", "Requests/RequestCore.Tools.cs",
            "effects.AddRange([new RequestEffect.Save(), Tell(new(0, NoticeKind.Parked", "effects.AddRange([Tell(new(0, NoticeKind.Parked"),
        new("waiting request asks only once", "src/Grains", "RequestGrain.Alarms.cs",
            "this.RegisterGrainTimer(UnlessEnded(AskAgain), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))", "null"),
        new("recovered request forgets its tools", "src/Scheduling", "Requests/RequestCore.Tools.cs",
            "return state.Phase == RequestPhase.CallingTools\n            ?", "return false\n            ?"),
        new("running sequence given away as a parked one", "src/Scheduling", "Requests/RequestCore.Moving.cs",
            "if (state.SegmentStart != segmentStart || !(parked ? IsParkedHere : IsRunningSomewhere))", "if (state.SegmentStart != segmentStart)"),
        new("damaged piece of a cache taken", "src/Inference", "KvCache/KvChunk.cs",
            "if (BinaryPrimitives.ReadUInt32LittleEndian(chunk[ChecksumAt..]) != Checksum(chunk))", "if (Checksum(chunk) == 1)"),
        new("last piece of a cache counted and not read", "src/Grains", "Devices/DeviceLoop.Moving.cs",
            "if (last is { Tokens: > 0 } && !TryImport(last, arrival.Blocks))", "if (last is { Tokens: > 9999 })"),
        new("blocks of a move that failed kept", "src/Scheduling", "Worker/WorkerCore.Moving.cs",
            "if (expected.Remove(arrival))\n            GiveBack(arrival, 0);", "expected.Remove(arrival);"),
        new("cache read before it is copied back", "src/Grains", "Devices/KvTransfers.cs",
            "waiting.Add((() => Run(work, done), because => done.TrySetException(because)));", "Run(work, done);"),
        new("tool called anew for every question", "src/Grains", "Tools/ToolGrain.cs",
            "if (!calls.TryGetValue(call.Id, out var running))\n            calls.Add(call.Id, running = Start(call, secret, trace));", "var running = calls[call.Id] = Start(call, secret, trace);"),
    ];

    public string Path => $"{Project}/{File}";

    /// <exception cref="InvalidOperationException">The source has changed: the mutation must follow it.</exception>
    public string Apply(string source)
    {
        var times = source.Split(Old).Length - 1;
        return times == 1 ? source.Replace(Old, New, StringComparison.Ordinal) : throw new InvalidOperationException($"'{Name}': what it replaces occurs {times} times in {Path}.");
    }
}
