using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Pharos.Inference.Loading;

namespace Pharos.Inference.Tests.Support;

internal static class SafetensorsWriter
{
    public static void Write(string path, IEnumerable<(string Name, int[] Shape, float[] Values)> tensors, TensorType stored)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var data = new MemoryStream();
        foreach (var (name, shape, values) in tensors)
        {
            long start = data.Length;
            foreach (float value in values)
                data.Write(Bytes(value, stored));
            header[name] = new JsonObject
            {
                ["dtype"] = stored.ToString(),
                ["shape"] = new JsonArray([.. shape.Select(s => (JsonNode)s)]),
                ["data_offsets"] = new JsonArray(start, data.Length),
            };
        }
        using var file = File.Create(path);
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        file.Write(data.ToArray());
    }

    public static byte[] Bytes(float value, TensorType stored) => stored switch
    {
        TensorType.F16 => BitConverter.GetBytes((Half)value),
        TensorType.BF16 => BitConverter.GetBytes(Inference.Kernels.Bf16.Round(value)),
        _ => BitConverter.GetBytes(value),
    };
}
