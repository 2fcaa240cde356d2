using System.Reflection;
using System.Runtime.InteropServices;

namespace Pharos.Bench.Engine;

/// <summary>The part of llama.cpp's C interface that the comparison needs, found in a folder of its prebuilt libraries.</summary>
internal static unsafe partial class LlamaLibrary
{
    private const string Llama = "llama", Ggml = "ggml";
    private static IntPtr llama;
    private static IntPtr ggml;

    /// <summary>Loads libggml and libllama, whatever their version suffix, and the processor's variant of the kernels.</summary>
    public static void Load(string folder)
    {
        folder = Path.GetFullPath(folder);
        ggml = NativeLibrary.Load(Find(folder, "libggml*.so", "libggml-"));
        llama = NativeLibrary.Load(Find(folder, "libllama*.so", "libllama-"));
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name switch { Llama => llama, Ggml => ggml, _ => IntPtr.Zero });
        LogSet(&Discard, null);
        LoadBackends(folder);
        Initialise();
    }

    private static string Find(string folder, string pattern, string companions) =>
        Directory.GetFiles(folder, pattern, SearchOption.AllDirectories).FirstOrDefault(path => !Path.GetFileName(path).StartsWith(companions, StringComparison.Ordinal))
        ?? throw new ArgumentException($"--peer {folder}: no {pattern} is there; a folder of llama.cpp's libraries is expected.");

    [UnmanagedCallersOnly]
    private static void Discard(int level, byte* text, void* data)
    {
    }

    /// <summary>
    /// Parameter records are passed by value and grow with versions: more room than any of them needs is passed, which the caller's side of the
    /// convention allows, and only the leading fields below are touched.
    /// </summary>
    [StructLayout(LayoutKind.Sequential, Size = 1024)]
    public struct Parameters
    {
        public uint Context;
        public uint Batch;
        public uint MicroBatch;
        public uint Sequences;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Batch
    {
        public int Count;
        public int* Tokens;
        public float* Embeddings;
        public int* Positions;
        public int* SequenceCounts;
        public int** SequenceIds;
        public sbyte* WantLogits;
    }

    [DllImport(Ggml, EntryPoint = "ggml_backend_load_all_from_path")]
    private static extern void LoadBackends([MarshalAs(UnmanagedType.LPUTF8Str)] string folder);

    [DllImport(Llama, EntryPoint = "llama_backend_init")]
    private static extern void Initialise();

    [DllImport(Llama, EntryPoint = "llama_log_set")]
    private static extern void LogSet(delegate* unmanaged<int, byte*, void*, void> log, void* data);

    [DllImport(Llama, EntryPoint = "llama_model_default_params")]
    public static extern Parameters DefaultModel();

    [DllImport(Llama, EntryPoint = "llama_context_default_params")]
    public static extern Parameters DefaultContext();

    [DllImport(Llama, EntryPoint = "llama_model_load_from_file")]
    public static extern IntPtr LoadModel([MarshalAs(UnmanagedType.LPUTF8Str)] string path, Parameters parameters);

    [DllImport(Llama, EntryPoint = "llama_init_from_model")]
    public static extern IntPtr CreateContext(IntPtr model, Parameters parameters);

    [DllImport(Llama, EntryPoint = "llama_model_free")]
    public static extern void FreeModel(IntPtr model);

    [DllImport(Llama, EntryPoint = "llama_free")]
    public static extern void FreeContext(IntPtr context);

    [DllImport(Llama, EntryPoint = "llama_set_n_threads")]
    public static extern void SetThreads(IntPtr context, int decode, int prefill);

    [DllImport(Llama, EntryPoint = "llama_n_ctx")]
    public static extern uint ContextOf(IntPtr context);

    [DllImport(Llama, EntryPoint = "llama_n_seq_max")]
    public static extern uint SequencesOf(IntPtr context);

    [DllImport(Llama, EntryPoint = "llama_batch_init")]
    public static extern Batch CreateBatch(int tokens, int embedding, int sequences);

    [DllImport(Llama, EntryPoint = "llama_decode")]
    public static extern int Decode(IntPtr context, Batch batch);

    [DllImport(Llama, EntryPoint = "llama_synchronize")]
    public static extern void Synchronise(IntPtr context);

    [DllImport(Llama, EntryPoint = "llama_get_logits_ith")]
    public static extern float* Logits(IntPtr context, int row);

    [DllImport(Llama, EntryPoint = "llama_get_memory")]
    public static extern IntPtr Memory(IntPtr context);

    [DllImport(Llama, EntryPoint = "llama_memory_clear")]
    public static extern void Clear(IntPtr memory, [MarshalAs(UnmanagedType.U1)] bool data);

    [DllImport(Llama, EntryPoint = "llama_memory_seq_cp")]
    public static extern void CopySequence(IntPtr memory, int source, int target, int first, int end);

    [DllImport(Llama, EntryPoint = "llama_memory_seq_rm")]
    [return: MarshalAs(UnmanagedType.U1)]
    public static extern bool RemoveFrom(IntPtr memory, int sequence, int first, int end);
}
