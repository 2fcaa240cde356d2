using System.Runtime.InteropServices;

namespace Pharos.Inference.KvCache;

/// <summary>Native memory of an exact length. Large buffers are aligned to, and advised for, 2 MB pages.</summary>
internal sealed unsafe partial class NativeBuffer : IDisposable
{
    private const long HugePage = 2 << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE
    private void* pointer;

    /// <param name="zeroed">False: what it holds is unknown until it is written.</param>
    public NativeBuffer(long bytes, bool zeroed = true)
    {
        Length = bytes;
        bool large = bytes >= HugePage;
        pointer = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 64), (nuint)(large ? HugePage : 64));
        if (large && OperatingSystem.IsLinux())
            _ = Advise(pointer, (nuint)bytes, AdviseHugePages); // a refusal costs speed, nothing else
        if (zeroed)
            NativeMemory.Clear(pointer, (nuint)bytes);
    }

    ~NativeBuffer() => Free();

    public long Length { get; }

    public byte* Pointer => (byte*)pointer;

    public float* Floats => (float*)pointer;

    public static NativeBuffer OfFloats(long count) => new(count * sizeof(float));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(pointer);
        pointer = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
