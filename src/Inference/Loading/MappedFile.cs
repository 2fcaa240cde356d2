using System.IO.MemoryMappedFiles;

namespace Pharos.Inference.Loading;

/// <summary>A whole file, mapped for reading. Readers check every offset against <see cref="Length"/> themselves.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;

    /// <param name="shortest">Bytes below which the file cannot be what it is taken for.</param>
    /// <param name="kind">What it is taken for, in words.</param>
    /// <exception cref="ModelLoadException">The file is missing, unreadable or too short.</exception>
    public MappedFile(string path, long shortest, string kind)
    {
        Name = Path.GetFileName(path);
        if (!File.Exists(path))
            throw new ModelLoadException($"{Name}: the file is missing from {Path.GetDirectoryName(path)}; the weights need it.");
        Length = new FileInfo(path).Length;
        if (Length < shortest)
            throw new ModelLoadException($"{Name}: the file is {Length} bytes long; a {kind} file has at least {shortest}.");
        try
        {
            map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException($"{Name}: the file cannot be read ({e.Message}); read access is expected.", e);
        }
        view = map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start;
    }

    /// <summary>The file's name without its folder, for complaints.</summary>
    public string Name { get; }

    public byte* Start { get; private set; }

    public long Length { get; }

    public void Dispose()
    {
        if (Start == null)
            return;
        Start = null;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }
}
