using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text.Json;

namespace Pharos.Inference.Loading;

/// <summary>One memory-mapped <c>.safetensors</c> file: an 8-byte header length, a JSON header, then the tensors' bytes.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private const long MaxHeaderBytes = 100_000_000;
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly Dictionary<string, TensorView> tensors = [];

    public SafetensorsFile(string path)
    {
        string file = Path.GetFileName(path);
        if (!File.Exists(path))
            throw new ModelLoadException($"{file}: the file is missing from {Path.GetDirectoryName(path)}; the weights need it.");
        Length = new FileInfo(path).Length;
        if (Length < 8)
            throw new ModelLoadException($"{file}: the file is {Length} bytes long; a safetensors file has at least 8.");
        map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        view = map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start;
        try
        {
            ReadHeader(file);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public byte* Start { get; private set; }

    public long Length { get; }

    public IReadOnlyDictionary<string, TensorView> Tensors => tensors;

    private void ReadHeader(string file)
    {
        long headerBytes = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(Start, 8));
        if (headerBytes < 2 || headerBytes > Math.Min(Length - 8, MaxHeaderBytes))
            throw new ModelLoadException(
                $"{file}: the header length is {headerBytes}; supported is 2 to {Math.Min(Length - 8, MaxHeaderBytes)} in a file of {Length} bytes.");
        JsonDocument header;
        try
        {
            var reader = new Utf8JsonReader(new ReadOnlySpan<byte>(Start + 8, (int)headerBytes));
            header = JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException e)
        {
            throw new ModelLoadException($"{file}: the header is not valid JSON ({e.Message}); a JSON object is expected.", e);
        }
        using (header)
        {
            if (header.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelLoadException($"{file}: the header is a JSON {header.RootElement.ValueKind}; a JSON object is expected.");
            byte* data = Start + 8 + headerBytes;
            long dataBytes = Length - 8 - headerBytes;
            foreach (var entry in header.RootElement.EnumerateObject())
            {
                if (entry.Name != "__metadata__")
                    tensors.Add(entry.Name, ReadEntry(file, entry.Name, entry.Value, data, dataBytes));
            }
        }
    }

    private static TensorView ReadEntry(string file, string name, JsonElement entry, byte* data, long dataBytes)
    {
        long[] shape, offsets;
        string dtype;
        try
        {
            dtype = entry.GetProperty("dtype").GetString()!;
            shape = [.. entry.GetProperty("shape").EnumerateArray().Select(v => v.GetInt64())];
            offsets = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(v => v.GetInt64())];
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelLoadException(
                $"{file}: the header entry of {name} is malformed; dtype, shape and data_offsets are expected.", e);
        }
        var type = dtype switch
        {
            "F32" => TensorType.F32,
            "F16" => TensorType.F16,
            "BF16" => TensorType.BF16,
            _ => throw new ModelLoadException($"{file}: dtype of {name} is {dtype}; supported is F32, F16 or BF16."),
        };
        long bytes = shape.Aggregate((long)TensorView.BytesOf(type), (product, size) => checked(product * size));
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] > dataBytes || offsets[1] - offsets[0] != bytes)
            throw new ModelLoadException(
                $"{file}: data_offsets of {name} are [{string.Join(", ", offsets)}]; {bytes} bytes for shape [{string.Join(", ", shape)}] of {dtype} within {dataBytes} bytes of data are expected.");
        return new TensorView(file, name, type, shape, data + offsets[0]);
    }

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
