using System.Buffers.Binary;
using Pharos.Inference.KvCache;
using Pharos.Inference.Sampling;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Backend;

/// <summary>
/// A device that only lets time pass. Its cache holds token ids, and every answer is a hash of all ids that the sequence's block table
/// leads to: a token lost, doubled or moved, a block copied or mapped wrongly, shows in all that follows. It samples itself.
/// </summary>
/// <remarks>
/// A segment is counted as the run of alphabet and call tokens at the end of the context, so its end depends on nothing but the tokens: a prompt
/// should end in a token outside of them. A row with a temperature also hashes its seed.
/// </remarks>
public sealed class SimulatedBackend : IModelBackend
{
    private const int Unwritten = -1;
    private readonly SimulatedBackendOptions options;
    private readonly TimeProvider time;
    private readonly int[] alphabet;
    private readonly HashSet<int> members;
    private readonly int room; // tokens of a block in the most compact form
    private readonly int[] device; // [block][room] token ids
    private readonly int[] host;

    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public SimulatedBackend(SimulatedBackendOptions options, TimeProvider? time = null)
    {
        (this.options, this.time) = (options, time ?? TimeProvider.System);
        alphabet = [.. options.Alphabet];
        members = [.. alphabet, .. options.Calls.SelectMany(call => call)];
        if (alphabet.Length == 0 || members.Contains(options.EosToken) || members.Append(options.EosToken).Any(id => id < 0 || id >= options.Model.VocabularySize))
            throw new ArgumentException(
                $"Alphabet and EosToken are expected to be different ids below {options.Model.VocabularySize}.", nameof(options));
        if (options.MinSegment < 0 || options.MaxSegment < options.MinSegment)
            throw new ArgumentException(
                $"MinSegment {options.MinSegment} to MaxSegment {options.MaxSegment} is no range.", nameof(options));
        if (options.DeviceBlocks < 1 || options.HostBlocks < 0 || options.BlockSize < 1)
            throw new ArgumentException(
                $"{options.DeviceBlocks} device blocks, {options.HostBlocks} host blocks of {options.BlockSize} tokens are no cache.", nameof(options));
        Kv = new KvShape(options.BlockSize, options.DeviceBlocks, options.HostBlocks, (long)options.Model.CanonicalBytesPerToken * options.BlockSize)
        {
            CompactForms = [CacheForm.Hidden, CacheForm.Int8], MaxCompactContext = int.MaxValue, // ids take as little room in every form
        };
        Limits = new BackendLimits(options.MaxTokensPerStep, options.MaxSequences, Math.Min(256, options.MaxTokensPerStep), IsBatchInvariant: true, SamplesTokens: true, CopiesBesideSteps: false);
        room = Kv.TokensPerBlock(CacheForm.Hidden);
        device = new int[options.DeviceBlocks * room];
        host = new int[options.HostBlocks * room];
        Array.Fill(device, Unwritten);
        Array.Fill(host, Unwritten);
    }

    public ModelShape Model => options.Model;

    public KvShape Kv { get; }

    public BackendLimits Limits { get; }

    /// <summary>Answers at once and lets the step's time pass before it returns.</summary>
    public async ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        StepValidation.RequireValid(batch, Model, Kv, Limits);
        result.Reserve(batch.LogitRowCount, Model.VocabularySize, batch.WantsLogits);
        for (int token = 0, writer = 0; token < batch.TokenCount; token++)
        {
            while (batch.QueryStart[writer + 1] <= token)
                writer++;
            var (block, offset) = Math.DivRem(batch.SlotMapping[token], Kv.TokensPerBlock(batch.Forms[writer]));
            if (batch.SlotMapping[token] >= 0)
                device[block * room + offset] = batch.TokenIds[token];
        }
        for (int row = 0, sequence = 0; row < batch.LogitRowCount; row++)
        {
            while (batch.QueryStart[sequence + 1] <= batch.LogitRows[row])
                sequence++;
            result.Tokens[row] = Answer(batch, sequence, batch.Positions[batch.LogitRows[row]] + 1, batch.Sampling[row]);
            if (batch.Sampling[row].WantsLogits)
                Insist(result.Logits.AsSpan(row * Model.VocabularySize, Model.VocabularySize), result.Tokens[row]);
        }
        var duration = DurationOf(batch);
        result.Seconds = duration.TotalSeconds;
        if (duration > TimeSpan.Zero)
            await Task.Delay(duration, time, ct); // in virtual time the caller goes on where it was
    }

    public void CopyBlocks(ReadOnlySpan<BlockCopy> copies)
    {
        foreach (var copy in copies)
            BlockAt(copy.From, copy.Source).CopyTo(BlockAt(copy.To, copy.Target));
    }

    public BlockTransfers Transfers => default; // copies take no time

    public ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, KvSpan span, CancellationToken ct)
    {
        CanonicalKv.RequireValid(Kv, blocks.Span, span);
        var chunk = KvChunk.Create(Model, KvType.Bf16, span);
        for (int token = 0; token < span.Tokens; token++)
        {
            int id = device[IndexOf(blocks.Span, span.FirstToken + token, CacheForm.Kv)];
            BinaryPrimitives.WriteInt16LittleEndian(chunk.AsSpan(HalfAt(token, span.Tokens, high: false)), (short)id);
            BinaryPrimitives.WriteInt16LittleEndian(chunk.AsSpan(HalfAt(token, span.Tokens, high: true)), (short)(id >> 16));
        }
        KvChunk.Seal(chunk);
        return ValueTask.FromResult(chunk);
    }

    public ValueTask<KvSpan> ImportBlocksAsync(ReadOnlyMemory<byte> chunk, ReadOnlyMemory<int> blocks, CancellationToken ct)
    {
        var (_, span) = KvChunk.Read(Model, chunk.Span);
        CanonicalKv.RequireValid(Kv, blocks.Span, span);
        for (int token = 0; token < span.Tokens; token++)
        {
            int low = BinaryPrimitives.ReadUInt16LittleEndian(chunk.Span[HalfAt(token, span.Tokens, high: false)]);
            int high = BinaryPrimitives.ReadInt16LittleEndian(chunk.Span[HalfAt(token, span.Tokens, high: true)]);
            device[IndexOf(blocks.Span, span.FirstToken + token, CacheForm.Kv)] = low | (high << 16);
        }
        return ValueTask.FromResult(span);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The token after <paramref name="context"/> tokens, as the cache holds them.</summary>
    private int Answer(StepBatch batch, int sequence, int context, SamplingStep sampling)
    {
        var table = batch.BlockTables.AsSpan(sequence * batch.BlockTableStride, batch.BlockTableStride);
        ulong seed = options.Seed ^ (sampling.Temperature > 0 ? sampling.Seed : 0);
        ulong hash = seed, beforeSegment = seed;
        int segment = 0;
        for (int position = 0; position < context; position++)
        {
            int id = device[IndexOf(table, position, batch.Forms[sequence])];
            hash = CounterRandom.Bits(hash, (uint)id);
            bool answered = members.Contains(id);
            segment = answered ? segment + 1 : 0;
            if (!answered)
                beforeSegment = hash;
        }
        int length = options.MinSegment + (int)(CounterRandom.Bits(beforeSegment, 1) % (ulong)(options.MaxSegment - options.MinSegment + 1));
        if (segment < length)
            return alphabet[CounterRandom.Bits(hash, 2) % (ulong)alphabet.Length];
        var call = CallAfter(beforeSegment);
        return segment - length < call.Count ? call[segment - length] : options.EosToken;
    }

    /// <summary>As good as certain of its token; all others are alike.</summary>
    private static void Insist(Span<float> logits, int token)
    {
        logits.Clear();
        logits[token] = 30;
    }

    private IReadOnlyList<int> CallAfter(ulong beforeSegment) =>
        options.Calls.Count > 0 && CounterRandom.Bits(beforeSegment, 3) % 1000 < (ulong)(1000 * options.CallShare)
            ? options.Calls[(int)(CounterRandom.Bits(beforeSegment, 4) % (ulong)options.Calls.Count)]
            : [];

    private TimeSpan DurationOf(StepBatch batch)
    {
        int decodes = 0;
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
            decodes += batch.QueryStart[sequence + 1] - batch.QueryStart[sequence] == 1 ? 1 : 0;
        return options.StepTime + TimeSpan.FromSeconds(
            decodes / options.DecodeTokensPerSecond + (batch.TokenCount - decodes) / options.PrefillTokensPerSecond);
    }

    private int IndexOf(ReadOnlySpan<int> table, int position, CacheForm form)
    {
        var (block, offset) = Math.DivRem(position, Kv.TokensPerBlock(form));
        return table[block] * room + offset;
    }

    private Span<int> BlockAt(KvTier tier, int block)
    {
        int blocks = tier == KvTier.Device ? Kv.DeviceBlocks : Kv.HostBlocks;
        if ((uint)block >= (uint)blocks)
            throw new ArgumentOutOfRangeException(nameof(block), block, $"The {tier} tier has blocks 0..{blocks - 1}.");
        return (tier == KvTier.Device ? device : host).AsSpan(block * room, room);
    }

    /// <summary>A token's id travels in the first elements of its key and of its value in layer 0.</summary>
    private Range HalfAt(int token, int tokens, bool high)
    {
        int start = KvChunk.HeaderBytes + (token + (high ? tokens : 0)) * Model.KvHeads * Model.HeadDim * sizeof(ushort);
        return start..(start + sizeof(ushort));
    }
}
