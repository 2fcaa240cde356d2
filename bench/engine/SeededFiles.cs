using Pharos.Inference.Kernels;
using Pharos.Inference.Loading;

namespace Pharos.Bench.Engine;

/// <summary>The files of a seeded model, written once and kept for later runs.</summary>
internal sealed class SeededFiles(Arguments arguments, SeededModel model, WeightType type)
{
    private readonly string folder = arguments.Text("work") ?? Path.Combine(Path.GetTempPath(), "pharos-bench-engine");
    private const string Version = "v1"; // of what the files hold

    /// <summary>A Hugging Face directory.</summary>
    public string Directory
    {
        get
        {
            var stored = type == WeightType.F32 ? TensorType.F32 : TensorType.BF16;
            return Once($"{model.Name}-{stored}-{Version}".ToLowerInvariant(), path => SafetensorsWriter.Write(model, stored, path));
        }
    }

    /// <summary>The peer's file: the same weights.</summary>
    public string Gguf() => Once($"{model.Name}-{type}-{Version}.gguf".ToLowerInvariant(), path => GgufWriter.Write(model, type, path));

    private string Once(string name, Action<string> write)
    {
        string path = Path.Combine(folder, name), part = path + ".part";
        if (Path.Exists(path))
            return path;
        System.IO.Directory.CreateDirectory(folder);
        if (System.IO.Directory.Exists(part))
            System.IO.Directory.Delete(part, recursive: true);
        write(part);
        System.IO.Directory.Move(part, path); // a name is given only to what is whole
        return path;
    }
}
