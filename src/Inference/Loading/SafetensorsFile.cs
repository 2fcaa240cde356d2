using System.Buffers.Binary;
using System.Text.Json;

namespace Pharos.Inference.Loading;

/// <summary>One memory-mapped <c>.safetensors</c> file: an 8-byte header length, a JSON header, then the tensors' bytes.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private const long MaxHeaderBytes = 100_000_000;
    private readonly MappedFile map;
    private readonly Dictionary<string, TensorView> tensors = [];

    public SafetensorsFile(string path)
    {
        map = new MappedFile(path, shortest: 8, "safetensors");
        try
        {
            ReadHeader(map.Name);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public MappedFile Map => map;

    public IReadOnlyDictionary<string, TensorView> Tensors => tensors;

    private void ReadHeader(string file)
    {
        long headerBytes = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(map.Start, 8));
        if (headerBytes < 2 || headerBytes > Math.Min(map.Length - 8, MaxHeaderBytes))
            throw new ModelLoadException(
                $"{file}: the header length is {headerBytes}; supported is 2 to {Math.Min(map.Length - 8, MaxHeaderBytes)} in a file of {map.Length} bytes.");
        JsonDocument header;
        try
        {
            var reader = new Utf8JsonReader(new ReadOnlySpan<byte>(map.Start + 8, (int)headerBytes));
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
            byte* data = map.Start + 8 + headerBytes;
            long dataBytes = map.Length - 8 - headerBytes;
            foreach (var entry in header.RootElement.EnumerateObject())
            {
                string name = NameOf(file, entry);
                if (name != "__metadata__" && !tensors.TryAdd(name, ReadEntry(file, name, entry.Value, data, dataBytes)))
                    throw new ModelLoadException($"{file}: the header has {name} twice; one entry a tensor is expected.");
            }
        }
    }

    private static string NameOf(string file, JsonProperty entry)
    {
        try
        {
            return entry.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new ModelLoadException($"{file}: the name of a tensor in the header is no valid text ({e.Message}); UTF-8 is expected.", e);
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
        long? bytes = TensorTypes.BytesOf(type, shape);
        if (bytes is null || offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > dataBytes || offsets[1] - offsets[0] != bytes)
            throw new ModelLoadException(
                $"{file}: data_offsets of {name} are [{string.Join(", ", offsets)}]; {bytes?.ToString() ?? "the"} bytes for shape [{string.Join(", ", shape)}] of {dtype} within {dataBytes} bytes of data are expected.");
        return new TensorView(file, name, type, shape, data + offsets[0]);
    }

    public void Dispose() => map.Dispose();
}
