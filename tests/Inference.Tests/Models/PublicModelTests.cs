using System.Runtime.InteropServices;
using System.Text;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Models;

/// <summary>A public model with grouped queries, converted from the llama2.c format.</summary>
public sealed class PublicModelTests
{
    private const int Bos = 1;

    [SharedDataFact("models/stories260K.bin")]
    public async Task Stories260K_TellsAStory()
    {
        var tiny = Convert(File.ReadAllBytes(Path.Combine(Repository.SharedData!, "models", "stories260K.bin")));
        await ReferenceTests.AssertLogitsAsync(tiny, new CpuBackendOptions(), 1e-4);

        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(tiny.Write(folder.Path));
        await using var backend = CpuBackend.Create(model);
        int[] story = await new StepDriver(backend).GenerateAsync(new TestSequence([.. Enumerable.Range(0, 8)]), [Bos], 60);
        string text = Read(File.ReadAllBytes(Path.Combine(Repository.SharedData!, "models", "tok512.bin")), story);
        Assert.StartsWith(" Once upon a time, there was a little girl named Lily.", text);
    }

    private static TinyModel Convert(byte[] file)
    {
        int[] header = MemoryMarshal.Cast<byte, int>(file.AsSpan(0, 28)).ToArray();
        var (dim, hidden, layers, heads, kvHeads, vocabulary, positions) = (header[0], header[1], header[2], header[3], header[4], header[5], header[6]);
        int headDim = dim / heads;
        float[] all = MemoryMarshal.Cast<byte, float>(file.AsSpan(28)).ToArray();
        int at = 0;
        float[] Take(int count) => all[at..(at += count)];
        var model = new TinyModel
        {
            Vocabulary = vocabulary, Hidden = dim, Intermediate = hidden, Layers = layers, Heads = heads, KvHeads = kvHeads, HeadDim = headDim, MaxPositions = positions,
        };
        void EachLayer(string name, int rows, int columns, int rotaryHeads = 0)
        {
            for (int i = 0; i < layers; i++)
            {
                float[] values = Take(Math.Max(rows, 1) * columns);
                model.Set($"model.layers.{i}.{name}.weight", rotaryHeads > 0 ? HalvesFromPairs(values, rotaryHeads, headDim, columns) : values,
                    rows == 0 ? [columns] : [rows, columns]);
            }
        }
        model.Set("model.embed_tokens.weight", Take(vocabulary * dim), vocabulary, dim);
        EachLayer("input_layernorm", 0, dim);
        EachLayer("self_attn.q_proj", dim, dim, heads);
        EachLayer("self_attn.k_proj", kvHeads * headDim, dim, kvHeads);
        EachLayer("self_attn.v_proj", kvHeads * headDim, dim);
        EachLayer("self_attn.o_proj", dim, dim);
        EachLayer("post_attention_layernorm", 0, dim);
        EachLayer("mlp.gate_proj", hidden, dim);
        EachLayer("mlp.down_proj", dim, hidden);
        EachLayer("mlp.up_proj", hidden, dim);
        model.Set("model.norm.weight", Take(dim), dim);
        return model;
    }

    /// <summary>llama2.c turns neighbouring pairs, Hugging Face's layout turns j with j + headDim / 2.</summary>
    private static float[] HalvesFromPairs(float[] weights, int heads, int headDim, int columns)
    {
        var result = new float[weights.Length];
        for (int head = 0; head < heads; head++)
        {
            for (int row = 0; row < headDim; row++)
            {
                int target = row % 2 * (headDim / 2) + row / 2;
                Array.Copy(weights, (head * headDim + row) * columns, result, (head * headDim + target) * columns, columns);
            }
        }
        return result;
    }

    private static string Read(byte[] vocabulary, int[] tokens)
    {
        var pieces = new List<string>();
        for (int at = 4; at < vocabulary.Length;)
        {
            int length = BitConverter.ToInt32(vocabulary, at + 4);
            pieces.Add(Encoding.UTF8.GetString(vocabulary, at + 8, length));
            at += 8 + length;
        }
        return string.Concat(tokens.Select(t => pieces[t]));
    }
}
