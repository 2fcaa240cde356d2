using System.Reflection;
using System.Runtime.InteropServices;

namespace Pharos.Inference.Tests.Support;

/// <summary>
/// Evaluates a GGUF file with llama.cpp's own library, where PHAROS_LLAMA_LIBRARY names the folder of libllama and libggml (version 0.5.0, as in
/// the npm package @node-llama-cpp/linux-x64 3.22.1): golden figures come from there, and can be checked again by anyone.
/// </summary>
internal static unsafe partial class LlamaReference
{
    private const string Llama = "llama", Ggml = "ggml", Base = "ggml-base";
    private static string complaints = ""; // the library's
    private static readonly Dictionary<string, IntPtr> Libraries = Load();

    public static string? Folder => Environment.GetEnvironmentVariable("PHAROS_LLAMA_LIBRARY") is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;

    /// <summary>Logits [token][vocabulary] of a whole sequence, in fp32 throughout.</summary>
    public static float[][] Logits(string path, int[] tokens, int vocabulary, int positions)
    {
        var model = LoadModel(path, DefaultModel());
        if (model == IntPtr.Zero)
            throw new InvalidOperationException($"The library refuses {path}: {complaints}");
        var context = CreateContext(model, Exact(DefaultContext(), positions, tokens.Length));
        var batch = CreateBatch(tokens.Length, 0, 1);
        batch.Count = tokens.Length;
        for (int i = 0; i < tokens.Length; i++)
        {
            (batch.Tokens[i], batch.Positions[i], batch.SequenceCounts[i], batch.WantLogits[i]) = (tokens[i], i, 1, 1);
            batch.SequenceIds[i][0] = 0;
        }
        if (Decode(context, batch) is var code and not 0)
            throw new InvalidOperationException($"The library answers {code} to {tokens.Length} tokens.");
        float[][] rows = [.. Enumerable.Range(0, tokens.Length).Select(i => new ReadOnlySpan<float>(LogitsOf(context, i), vocabulary).ToArray())];
        FreeBatch(batch);
        FreeContext(context);
        FreeModel(model);
        return rows;
    }

    /// <summary>One thread, plain attention, and keys and values in fp32 instead of fp16.</summary>
    private static Parameters Exact(Parameters parameters, int positions, int tokens)
    {
        int* words = (int*)&parameters;
        if (words[1] != 2048 || words[2] != 512 || words[13] != -1 || words[26] != 1 || words[27] != 1)
            throw new InvalidOperationException("The library's parameters lie elsewhere than in version 0.5.0.");
        (words[0], words[1], words[2]) = (positions, tokens, tokens);  // context, batch, micro-batch
        (words[7], words[8]) = (1, 1);                                 // threads, of decode and of batches
        words[13] = 0;                                                 // flash attention
        (words[26], words[27]) = (0, 0);                               // types of keys and values: F32
        return parameters;
    }

    private static Dictionary<string, IntPtr> Load()
    {
        var loaded = new Dictionary<string, IntPtr>();
        if (Folder is not { } folder)
            return loaded;
        foreach (string name in (string[])[Base, Ggml, Llama])
        {
            string file = Directory.GetFiles(folder, $"lib{name}*.so").Where(f => name == Base || !Path.GetFileName(f)[3..].StartsWith($"{name}-", StringComparison.Ordinal)).Order().First();
            loaded[name] = NativeLibrary.Load(file);
        }
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => Libraries.GetValueOrDefault(name));
        return loaded;
    }

    static LlamaReference()
    {
        LogSet(&Listen, null);
        LoadBackends(Folder!);
        Initialise();
    }

    [UnmanagedCallersOnly]
    private static void Listen(int level, byte* text, void* data)
    {
        const int error = 4;
        if (level == error)
            complaints += Marshal.PtrToStringUTF8((IntPtr)text);
    }

    /// <summary>Parameters are passed by value; more room than they need does no harm.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 512)]
    private struct Parameters
    {
        public int First;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Batch
    {
        public int Count;
        public int* Tokens;
        public float* Embeddings;
        public int* Positions;
        public int* SequenceCounts;
        public int** SequenceIds;
        public sbyte* WantLogits;
    }

    [LibraryImport(Llama, EntryPoint = "llama_log_set")]
    private static partial void LogSet(delegate* unmanaged<int, byte*, void*, void> callback, void* data);

    [LibraryImport(Ggml, EntryPoint = "ggml_backend_load_all_from_path", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void LoadBackends(string folder);

    [LibraryImport(Llama, EntryPoint = "llama_backend_init")]
    private static partial void Initialise();

    [LibraryImport(Llama, EntryPoint = "llama_model_default_params")]
    private static partial Parameters DefaultModel();

    [LibraryImport(Llama, EntryPoint = "llama_context_default_params")]
    private static partial Parameters DefaultContext();

    [LibraryImport(Llama, EntryPoint = "llama_model_load_from_file", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr LoadModel(string path, Parameters parameters);

    [LibraryImport(Llama, EntryPoint = "llama_init_from_model")]
    private static partial IntPtr CreateContext(IntPtr model, Parameters parameters);

    [LibraryImport(Llama, EntryPoint = "llama_batch_init")]
    private static partial Batch CreateBatch(int tokens, int embedding, int sequences);

    [LibraryImport(Llama, EntryPoint = "llama_decode")]
    private static partial int Decode(IntPtr context, Batch batch);

    [LibraryImport(Llama, EntryPoint = "llama_get_logits_ith")]
    private static partial float* LogitsOf(IntPtr context, int row);

    [LibraryImport(Llama, EntryPoint = "llama_batch_free")]
    private static partial void FreeBatch(Batch batch);

    [LibraryImport(Llama, EntryPoint = "llama_free")]
    private static partial void FreeContext(IntPtr context);

    [LibraryImport(Llama, EntryPoint = "llama_model_free")]
    private static partial void FreeModel(IntPtr model);
}

/// <summary>A theory that needs llama.cpp's library.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LlamaReferenceTheoryAttribute : TheoryAttribute
{
    public LlamaReferenceTheoryAttribute()
    {
        if (LlamaReferenceFolder is null)
            Skip = "llama.cpp's library is not here: set PHAROS_LLAMA_LIBRARY to the folder of libllama and libggml.";
    }

    private static string? LlamaReferenceFolder => Environment.GetEnvironmentVariable("PHAROS_LLAMA_LIBRARY");
}
