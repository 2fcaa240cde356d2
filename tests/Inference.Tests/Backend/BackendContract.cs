using Pharos.Inference.Backend;
using Pharos.Inference.Tests.Support;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Tests.Backend;

/// <summary>
/// What every backend behind the seam promises. Answers are compared as rows of logits, bit for bit where the backend promises that.
/// </summary>
public abstract class BackendContract
{
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 45).Select(i => (i * 37 + 11) % 256)];
    private static readonly int[] Other = [.. Enumerable.Range(0, 23).Select(i => (i * 91 + 5) % 256)];

    /// <summary>At least 24 device blocks and 4 host blocks of 16 tokens.</summary>
    protected abstract IModelBackend Create();

    [Fact]
    public async Task Prompt_InChunks_AnswersAsWhole()
    {
        await using var backend = Create();
        var whole = await AnswerAsync(backend, new TestSequence(0, 1, 2), Prompt);
        foreach (int[] chunks in (int[][])[[1], [7], [16, 3], [44, 1], [5, 17, 2]])
            Same(backend, whole, await AnswerAsync(backend, new TestSequence(9, 4, 7), Prompt, chunks));
    }

    [Fact]
    public async Task Sequence_AmongOthers_AnswersAsAlone()
    {
        await using var backend = Create();
        var alone = await AnswerAsync(backend, new TestSequence(0, 1, 2), Prompt);
        foreach (int companions in (int[])[1, 2, 4, 6, 9])
        {
            var driver = new StepDriver(backend);
            var sequence = new TestSequence(3, 4, 5);
            await driver.PrefillAsync(sequence, Prompt[..^1]);
            Part[] parts = [new(sequence, Prompt[^1..]), .. Enumerable.Range(0, companions).Select(i => new Part(new TestSequence(6 + 2 * i, 7 + 2 * i), Other[..(i == 0 ? 1 : 3 + 2 * i)]))];
            Array.Reverse(parts);
            var rows = await driver.RunAsync(parts);
            Same(backend, alone, rows[^1]);
        }
    }

    [Fact]
    public async Task TokenWithoutSlot_WritesNothing()
    {
        await using var backend = Create();
        var driver = new StepDriver(backend);
        var sequence = new TestSequence(0, 1, 2);
        var expected = await AnswerAsync(backend, sequence, Prompt);
        // The same positions again with other tokens and no slots: the cache must stay as it was.
        sequence.Length = 0;
        await driver.RunAsync(new Part(sequence, [.. Prompt.Select(t => 255 - t)], Write: false));
        sequence.Length = Prompt.Length - 1;
        Same(backend, expected, await AnswerAsync(backend, sequence, Prompt[^1..]));
    }

    [Fact]
    public async Task LastToken_RunAgainWithoutSlot_AnswersTheSame()
    {
        await using var backend = Create();
        var driver = new StepDriver(backend);
        var sequence = new TestSequence(0, 1, 2);
        var expected = await AnswerAsync(backend, sequence, Prompt);
        sequence.Length = Prompt.Length - 1;
        var rows = await driver.RunAsync(new Part(sequence, Prompt[^1..], Write: false));
        Same(backend, expected, rows[0]);
    }

    [Fact]
    public async Task ReusedBlocks_LeakNothing()
    {
        await using var backend = Create();
        var fresh = await AnswerAsync(backend, new TestSequence(0, 1, 2), Other);
        await AnswerAsync(backend, new TestSequence(5, 6, 7), Prompt);
        Same(backend, fresh, await AnswerAsync(backend, new TestSequence(5, 6, 7), Other));
    }

    [Fact]
    public async Task CopyOutAndIn_GoesOnAsIfUninterrupted()
    {
        await using var backend = Create();
        int[] expected = await ContinueAsync(backend, new TestSequence(0, 1, 2, 3), Prompt, 12);
        var sequence = new TestSequence(4, 5, 6, 7);
        var driver = new StepDriver(backend);
        int[] first = await driver.GenerateAsync(sequence, Prompt, 5);
        backend.CopyBlocks([.. sequence.Blocks.Select((b, i) => new BlockCopy(KvTier.Device, b, KvTier.Host, 3 - i))]);
        await AnswerAsync(backend, new TestSequence(4, 5, 6, 7), Other); // someone else has the blocks meanwhile
        sequence.Blocks = [11, 9, 10, 8];
        backend.CopyBlocks([.. sequence.Blocks.Select((b, i) => new BlockCopy(KvTier.Host, 3 - i, KvTier.Device, b))]);
        Assert.Equal(expected, first.Concat(await driver.GenerateAsync(sequence, [first[^1]], 7)));
    }

    [Fact]
    public async Task CopyWithinTheDevice_ForksASequence()
    {
        await using var backend = Create();
        var original = new TestSequence(0, 1, 2, 3);
        await AnswerAsync(backend, original, Prompt);
        // Whole blocks are shared, the last one, which both will write to, is copied.
        backend.CopyBlocks([new BlockCopy(KvTier.Device, 2, KvTier.Device, 8)]);
        var fork = new TestSequence(0, 1, 8, 9) { Length = original.Length };
        var forked = await AnswerAsync(backend, fork, Other[..9]);
        Same(backend, forked, await AnswerAsync(backend, original, Other[..9]));
    }

    [Fact]
    public async Task ExportAndImport_InChunks_GoesOnAsIfUninterrupted()
    {
        await using var backend = Create();
        await using var target = Create();
        int[] expected = await ContinueAsync(backend, new TestSequence(0, 1, 2, 3), Prompt, 12);
        var sequence = new TestSequence(4, 5, 6, 7);
        int[] first = await new StepDriver(backend).GenerateAsync(sequence, Prompt, 5);
        KvSpan[] spans = [new(0, 20), new(20, 16), new(36, sequence.Length - 36)];
        var chunks = new List<byte[]>();
        foreach (var span in spans)
            chunks.Add(await backend.ExportBlocksAsync(sequence.Blocks, span, CancellationToken.None));

        sequence.Blocks = [10, 3, 8, 1];
        foreach (var (span, chunk) in spans.Zip(chunks))
            Assert.Equal(span, await target.ImportBlocksAsync(chunk, sequence.Blocks, CancellationToken.None));
        foreach (var (span, chunk) in spans.Zip(chunks))
            Assert.Equal(chunk, await target.ExportBlocksAsync(sequence.Blocks, span, CancellationToken.None)); // not a bit was lost
        Assert.Equal(expected, first.Concat(await new StepDriver(target).GenerateAsync(sequence, [first[^1]], 7)));
    }

    [Fact]
    public async Task Import_OfADamagedChunk_IsRefused()
    {
        await using var backend = Create();
        var sequence = new TestSequence(0, 1, 2);
        await AnswerAsync(backend, sequence, Prompt);
        byte[] chunk = await backend.ExportBlocksAsync(sequence.Blocks, new KvSpan(0, Prompt.Length), CancellationToken.None);
        foreach (int at in (int[])[0, 5, 9, 30, 38, 40, chunk.Length / 2, chunk.Length - 1])
        {
            byte[] damaged = [.. chunk];
            damaged[at] ^= 4;
            await Assert.ThrowsAsync<InvalidDataException>(async () => await backend.ImportBlocksAsync(damaged, sequence.Blocks, CancellationToken.None));
        }
        await Assert.ThrowsAsync<InvalidDataException>(async () => await backend.ImportBlocksAsync(chunk[..^1], sequence.Blocks, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await backend.ImportBlocksAsync(chunk, new[] { 0, 1 }, CancellationToken.None));
    }

    [Fact]
    public async Task Step_WithAnIndexOutOfRange_IsRefused()
    {
        await using var backend = Create();
        var driver = new StepDriver(backend);
        await Assert.ThrowsAsync<ArgumentException>(() => driver.RunAsync(new Part(new TestSequence(backend.Kv.DeviceBlocks), [1])));
        await Assert.ThrowsAsync<ArgumentException>(() => driver.RunAsync(new Part(new TestSequence(0), [backend.Model.VocabularySize])));
        await Assert.ThrowsAsync<ArgumentException>(() => driver.RunAsync(new Part(new TestSequence(-1), [1])));
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.CopyBlocks([new BlockCopy(KvTier.Host, backend.Kv.HostBlocks, KvTier.Device, 0)]));
    }

    private static Task<float[]> AnswerAsync(IModelBackend backend, TestSequence sequence, int[] tokens, params int[] chunks) =>
        new StepDriver(backend).PrefillAsync(sequence, tokens, chunks);

    private static Task<int[]> ContinueAsync(IModelBackend backend, TestSequence sequence, int[] prompt, int count) =>
        new StepDriver(backend).GenerateAsync(sequence, prompt, count);

    private static void Same(IModelBackend backend, float[] expected, float[] actual)
    {
        if (backend.Limits.IsBatchInvariant)
        {
            Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), actual.Select(BitConverter.SingleToInt32Bits));
            return;
        }
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-3f);
    }
}
