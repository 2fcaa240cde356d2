using System.Diagnostics;
using System.Text;
using Pharos.Inference.Backend;
using Pharos.Inference.Chat;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Verification;

/// <param name="Prompt">What greedy generation goes on from.</param>
/// <param name="Tokens">How many tokens to generate.</param>
/// <param name="Threads">Null: the backend's own choice.</param>
public sealed record VerificationOptions(string Prompt = "Once upon a time", int Tokens = 64, int? Threads = null);

/// <summary>
/// Tries a model as a server would use it: opens it, sends texts through its tokenizer and back, generates greedily, and measures speed and memory.
/// </summary>
public static class ModelVerification
{
    private const int SpeedPrompt = 256;

    /// <param name="path">A model directory or a GGUF file.</param>
    /// <exception cref="ModelLoadException">Something is missing, malformed or not supported; one sentence says what.</exception>
    /// <exception cref="InvalidDataException">The model loads, but computes no finite numbers, or other bits for the same prompt.</exception>
    public static async Task<VerificationReport> RunAsync(string path, VerificationOptions options, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        using var model = ModelLoader.Load(path);
        double openSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var roundTrip = RoundTrip(model);
        int[] prompt = PromptOf(model, options.Prompt);

        start = Stopwatch.GetTimestamp();
        await using var backend = CpuBackend.Create(model, OptionsFor(model, prompt.Length + options.Tokens, options.Threads));
        var load = new LoadReport(
            openSeconds, Stopwatch.GetElapsedTime(start).TotalSeconds, backend.WeightType.ToString(), backend.Instructions.ToString(), backend.Threads,
            ChatFormatOf(model));
        var generation = await GenerateAsync(model, backend, prompt, options, ct);
        var architecture = model.Architecture;
        return new VerificationReport(
            model.Shape.Name, architecture.Family, architecture.Parameters, model.StoredType.ToString(), architecture.Layers, architecture.VocabularySize,
            architecture.MaxPositions, model.Shape.Fingerprint, load, roundTrip, generation,
            new MemoryReport(backend.WeightBytes, backend.Kv.BytesPerBlock / backend.Kv.BlockSize, Process.GetCurrentProcess().PeakWorkingSet64));
    }

    private static RoundTripReport RoundTrip(LoadedModel model)
    {
        int tokens = 0, bytes = 0;
        var differences = new List<string>();
        foreach (string text in VerificationTexts.All)
        {
            var ids = model.Tokenizer.Encode(text, parseSpecial: false);
            string back = model.Tokenizer.Decode(ids);
            (tokens, bytes) = (tokens + ids.Count, bytes + Encoding.UTF8.GetByteCount(text));
            if (back != text)
                differences.Add($"\"{text}\" came back as \"{back}\"");
        }
        int texts = VerificationTexts.All.Count;
        return new RoundTripReport(texts, texts - differences.Count, tokens, (double)bytes / tokens, differences);
    }

    private static int[] PromptOf(LoadedModel model, string text)
    {
        int[] tokens = [.. model.Tokenizer.PromptStart, .. model.Tokenizer.Encode(text, parseSpecial: false)];
        return tokens.Length is > 1 and var length && length < model.Shape.MaxPositions ? tokens
            : throw new ArgumentException($"The prompt has {tokens.Length} tokens; 2 to {model.Shape.MaxPositions - 1} are expected, as the model's context is {model.Shape.MaxPositions}.");
    }

    /// <summary>Memory for this one sequence.</summary>
    private static CpuBackendOptions OptionsFor(LoadedModel model, int context, int? threads)
    {
        const int widestElement = 2; // fp32, against the canonical bf16
        int tokens = Math.Min(model.Shape.MaxPositions, Math.Max(context, SpeedPrompt));
        long blocks = tokens / 16 + 1;
        return new CpuBackendOptions { DeviceBytes = blocks * 16 * model.Shape.CanonicalBytesPerToken * widestElement, HostBytes = 0, Threads = threads };
    }

    private static string ChatFormatOf(LoadedModel model)
    {
        try
        {
            return ChatFormats.For(model.TokenizerConfig.ChatTemplate, ChatTokens.Of(model.Tokenizer, model.TokenizerConfig, model.Generation.EosTokens)).Name;
        }
        catch (NotSupportedException e)
        {
            return "none: " + e.Message;
        }
    }

    private static async Task<GenerationReport> GenerateAsync(
        LoadedModel model, CpuBackend backend, int[] prompt, VerificationOptions options, CancellationToken ct)
    {
        var sequence = new SingleSequence(backend);
        await sequence.AppendAsync(prompt.AsMemory(0, prompt.Length / 2), ct);
        await sequence.AppendAsync(prompt.AsMemory(prompt.Length / 2), ct);
        float[] inPieces = sequence.Logits.ToArray();
        sequence.Forget();
        int next = await sequence.AppendAsync(prompt, ct);
        bool agree = sequence.Logits.SequenceEqual(inPieces);
        if (inPieces.FirstOrDefault(logit => !float.IsFinite(logit)) is not 0 and var odd)
            throw new InvalidDataException($"{model.Shape.Name}: a logit is {odd}; finite numbers are expected, so the weights may be damaged.");

        int count = Math.Min(options.Tokens, model.Shape.MaxPositions - prompt.Length);
        var tokens = new List<int>();
        double seconds = 0;
        while (tokens.Count < count)
        {
            tokens.Add(next);
            next = await sequence.AppendAsync(new[] { next }, ct);
            seconds += sequence.Seconds;
        }
        int[] longPrompt = [.. Enumerable.Range(0, Math.Min(SpeedPrompt, model.Shape.MaxPositions)).Select(i => i * 31 % model.Shape.VocabularySize)];
        for (int run = 0; run < 2; run++) // the first brings memory and caches to what a busy server has
        {
            sequence.Forget();
            await sequence.AppendAsync(longPrompt, ct);
        }
        string text = model.Tokenizer.Decode(tokens.TakeWhile(id => !model.Generation.EosTokens.Contains(id)));
        return new GenerationReport(
            options.Prompt, prompt.Length, tokens.Count, text, longPrompt.Length, longPrompt.Length / sequence.Seconds, tokens.Count / seconds, agree);
    }
}
