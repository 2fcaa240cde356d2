namespace Pharos.Bench.Engine;

/// <summary>llama.cpp on the same weights.</summary>
internal sealed unsafe class LlamaEngine : IEngine
{
    private readonly IntPtr model;
    private readonly IntPtr context;
    private readonly IntPtr memory;
    private readonly int vocabulary;
    private LlamaLibrary.Batch batch;
    private int sequences;
    private int depth;
    private int position;

    /// <param name="positions">Longest context of a sequence.</param>
    public LlamaEngine(string path, int vocabulary, int threads, int maxSequences, int positions, int longestPrompt)
    {
        this.vocabulary = vocabulary;
        model = LlamaLibrary.LoadModel(path, LlamaLibrary.DefaultModel());
        if (model == IntPtr.Zero)
            throw new InvalidOperationException($"The peer does not load {path}.");
        var parameters = LlamaLibrary.DefaultContext();
        positions = (positions + 255) / 256 * 256; // what the peer rounds to
        (parameters.Context, parameters.Sequences) = ((uint)(positions * maxSequences), (uint)maxSequences);
        (parameters.Batch, parameters.MicroBatch) = ((uint)Math.Max(512, longestPrompt), 512);
        context = LlamaLibrary.CreateContext(model, parameters);
        if (context == IntPtr.Zero || LlamaLibrary.ContextOf(context) != parameters.Context || LlamaLibrary.SequencesOf(context) != parameters.Sequences)
            throw new InvalidOperationException("The peer's parameters lie elsewhere than expected: its version is too far from the one this was written for.");
        LlamaLibrary.SetThreads(context, threads, threads);
        memory = LlamaLibrary.Memory(context);
        batch = LlamaLibrary.CreateBatch(Math.Max(512, longestPrompt), 0, 1);
    }

    public void Prepare(int count, int length)
    {
        (sequences, depth, position) = (count, length, length);
        LlamaLibrary.Clear(memory, false);
        if (length == 0)
            return;
        for (int start = 0; start < length; start += 512)
        {
            batch.Count = 0;
            for (int i = start; i < Math.Min(length, start + 512); i++)
                Add(0, i, false);
            Run();
        }
        for (int sequence = 1; sequence < count; sequence++)
            LlamaLibrary.CopySequence(memory, 0, sequence, -1, -1);
    }

    public void Decode()
    {
        batch.Count = 0;
        for (int sequence = 0; sequence < sequences; sequence++)
            Add(sequence, position, true);
        position++;
        Run();
    }

    public void Rewind()
    {
        for (int sequence = 0; sequence < sequences; sequence++)
            LlamaLibrary.RemoveFrom(memory, sequence, depth, -1);
        position = depth;
    }

    public void Prefill(int tokens)
    {
        LlamaLibrary.Clear(memory, false);
        batch.Count = 0;
        for (int i = 0; i < tokens; i++)
            Add(0, i, i == tokens - 1);
        Run();
    }

    public float[] Logits(int[] prompt)
    {
        LlamaLibrary.Clear(memory, false);
        batch.Count = 0;
        for (int i = 0; i < prompt.Length; i++)
        {
            Add(0, i, i == prompt.Length - 1);
            batch.Tokens[i] = prompt[i];
        }
        Run();
        return new ReadOnlySpan<float>(LlamaLibrary.Logits(context, prompt.Length - 1), vocabulary).ToArray();
    }

    public void Dispose()
    {
        LlamaLibrary.FreeContext(context);
        LlamaLibrary.FreeModel(model);
    }

    private void Add(int sequence, int at, bool wantLogits)
    {
        int row = batch.Count++;
        batch.Tokens[row] = (at * 31 + sequence * 17) % vocabulary;
        batch.Positions[row] = at;
        batch.SequenceCounts[row] = 1;
        batch.SequenceIds[row][0] = sequence;
        batch.WantLogits[row] = (sbyte)(wantLogits ? 1 : 0);
    }

    private void Run()
    {
        if (LlamaLibrary.Decode(context, batch) is var code and not 0)
            throw new InvalidOperationException($"The peer refuses a batch of {batch.Count} tokens with code {code}.");
        LlamaLibrary.Synchronise(context);
    }
}
