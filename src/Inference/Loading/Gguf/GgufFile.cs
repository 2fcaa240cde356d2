namespace Pharos.Inference.Loading.Gguf;

/// <summary>
/// One memory-mapped GGUF file, version 2 or 3, little-endian: metadata, a table of tensors, then their bytes. Opening it walks all of the
/// metadata and the table and checks every extent; nothing of a malformed file is read past its end.
/// Source: the GGUF specification of the ggml project.
/// </summary>
internal sealed unsafe class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747; // "GGUF"
    private const int MostDimensions = 4;
    private readonly MappedFile map;
    private readonly Dictionary<string, TensorView> tensors = new(StringComparer.Ordinal);

    /// <exception cref="ModelLoadException">The file is missing, malformed, or holds something that is not supported.</exception>
    public GgufFile(string path)
    {
        map = new MappedFile(path, shortest: 24, "GGUF");
        try
        {
            var cursor = new GgufCursor(map);
            uint magic = cursor.UInt32("the magic number"), version = cursor.UInt32("the version");
            if (magic != Magic)
                throw new ModelLoadException($"{map.Name}: the magic number is 0x{magic:X8}; supported is 0x{Magic:X8}, \"GGUF\".");
            if (version is not (2 or 3))
                throw new ModelLoadException($"{map.Name}: the version is {version}; supported is 2 or 3, little-endian.");
            long tensorCount = cursor.Count("the number of tensors", 24), keyCount = cursor.Count("the number of metadata keys", 13);
            Metadata = ReadMetadata(cursor, keyCount);
            ReadTensors(cursor, tensorCount);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file's name without its folder.</summary>
    public string Name => map.Name;

    public MappedFile Map => map;

    public GgufMetadata Metadata { get; }

    /// <summary>By name. Shapes are [rows, columns], the reverse of the file's order; rows are contiguous.</summary>
    public IReadOnlyDictionary<string, TensorView> Tensors => tensors;

    /// <summary>Bytes of a value of a fixed size; 0 of strings and arrays.</summary>
    public static int BytesOf(GgufType type) => type switch
    {
        GgufType.UInt8 or GgufType.Int8 or GgufType.Bool => 1,
        GgufType.UInt16 or GgufType.Int16 => 2,
        GgufType.UInt32 or GgufType.Int32 or GgufType.Float32 => 4,
        GgufType.UInt64 or GgufType.Int64 or GgufType.Float64 => 8,
        _ => 0,
    };

    private GgufMetadata ReadMetadata(GgufCursor cursor, long count)
    {
        var values = new Dictionary<string, GgufValue>(StringComparer.Ordinal);
        for (long i = 0; i < count; i++)
        {
            string key = cursor.Name($"metadata key {i}");
            var type = ReadType(cursor, key);
            bool isArray = type == GgufType.Array;
            if (isArray)
            {
                type = ReadType(cursor, key);
                if (type == GgufType.Array)
                    throw new ModelLoadException($"{map.Name}: {key} is an array of arrays; supported is an array of plain values.");
            }
            long elements = isArray ? cursor.Count($"the number of elements of {key}", type == GgufType.String ? 8 : BytesOf(type)) : 1;
            if (!values.TryAdd(key, new GgufValue(type, isArray, elements, cursor.Position)))
                throw new ModelLoadException($"{map.Name}: {key} is there twice; supported is one value a key.");
            if (type != GgufType.String)
                cursor.Skip(elements * BytesOf(type), key);
            else
            {
                for (long element = 0; element < elements; element++)
                    SkipText(cursor, key);
            }
        }
        return new GgufMetadata(map, values);
    }

    private void SkipText(GgufCursor cursor, string key)
    {
        long length = cursor.Count($"the length of a string of {key}", 1);
        if (length > int.MaxValue)
            throw new ModelLoadException($"{map.Name}: the length of a string of {key} is {length}; supported is below 2^31.");
        cursor.Skip(length, key);
    }

    private GgufType ReadType(GgufCursor cursor, string key)
    {
        uint type = cursor.UInt32($"the type of {key}");
        return type <= (uint)GgufType.Float64
            ? (GgufType)type
            : throw new ModelLoadException($"{map.Name}: the type of {key} is {type}; supported is 0 to {(uint)GgufType.Float64}.");
    }

    private void ReadTensors(GgufCursor cursor, long count)
    {
        int alignment = Metadata.OptionalInteger("general.alignment", 1, 1 << 20) ?? 32;
        var table = new List<(string Name, long[] Shape, uint Type, ulong Offset)>();
        for (long i = 0; i < count; i++)
        {
            string name = cursor.Name($"the name of tensor {i}");
            uint dimensions = cursor.UInt32($"the number of dimensions of {name}");
            if (dimensions is 0 or > MostDimensions)
                throw new ModelLoadException($"{map.Name}: the number of dimensions of {name} is {dimensions}; supported is 1 to {MostDimensions}.");
            var shape = new long[dimensions];
            for (int d = shape.Length - 1; d >= 0; d--) // the file lists the fastest dimension first
            {
                ulong size = cursor.UInt64($"the shape of {name}");
                shape[d] = size is > 0 and <= long.MaxValue ? (long)size
                    : throw new ModelLoadException($"{map.Name}: a dimension of {name} is {size}; supported is 1 to 2^63 - 1.");
            }
            table.Add((name, shape, cursor.UInt32($"the type of {name}"), cursor.UInt64($"the offset of {name}")));
        }
        long data = (cursor.Position + alignment - 1) / alignment * alignment;
        foreach (var (name, shape, type, offset) in table)
        {
            var view = ViewOf(name, shape, TensorTypes.OfGguf(type)
                ?? throw new ModelLoadException($"{map.Name}: the type of {name} is {TensorTypes.GgufName(type)}; supported is {TensorTypes.GgufNames}."), data, offset);
            if (!tensors.TryAdd(name, view))
                throw new ModelLoadException($"{map.Name}: the tensor {name} is there twice; supported is one tensor a name.");
        }
    }

    private TensorView ViewOf(string name, long[] shape, TensorType type, long data, ulong offset)
    {
        long room = Math.Max(0, map.Length - data);
        if (shape[^1] % TensorTypes.BlockOf(type) != 0)
            throw new ModelLoadException(
                $"{map.Name}: shape of {name} is [{string.Join(", ", shape)}]; {type} is stored in blocks of {TensorTypes.BlockOf(type)} columns.");
        if (TensorTypes.BytesOf(type, shape) is not { } bytes || bytes > room || offset > (ulong)(room - bytes))
            throw new ModelLoadException(
                $"{map.Name}: {name} of shape [{string.Join(", ", shape)}] in {type} at offset {offset} does not lie within the file's {room} bytes of data; the file may be cut off.");
        return new TensorView(map.Name, name, type, shape, map.Start + data + (long)offset);
    }

    public void Dispose() => map.Dispose();
}
