using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Loading;
using Pharos.Inference.Loading.Gguf;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Loading;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WhatWasWritten_IsRead()
    {
        using var file = Open(Sample().ToBytes());
        var metadata = file.Metadata;
        Assert.Equal("llama", metadata.Text("general.architecture", "a family"));
        Assert.Equal(128, metadata.Integer("llama.embedding_length", 1, 1000));
        Assert.Equal(10_000, metadata.OptionalNumber("llama.rope.freq_base", 1, 1e9));
        Assert.Equal(128, metadata.OptionalNumber("llama.embedding_length", 1, 1e9));
        Assert.True(metadata.Boolean("tokenizer.ggml.add_bos_token", otherwise: false));
        Assert.Equal(["<unk>", "", "caf\u00e9"], metadata.OptionalTexts("tokenizer.ggml.tokens")!);
        Assert.Equal([3, 1, -1], metadata.OptionalIntegers("tokenizer.ggml.token_type")!);
        Assert.Equal([0f, -1.5f], metadata.OptionalNumbers("tokenizer.ggml.scores")!);
        Assert.Equal([true, false], metadata.OptionalBooleans("pattern")!);
        Assert.Null(metadata.OptionalTexts("absent"));
        Assert.Null(metadata.OptionalInteger("absent", 0, 1));

        var matrix = file.Tensors["token_embd.weight"].Expect(2, 3);
        var row = new float[3];
        matrix.CopyRow(1, row);
        Assert.Equal([4f, 5f, 6f], row);
        file.Tensors["output_norm.weight"].Expect(0, 3).CopyRow(0, row);
        Assert.Equal([0.5f, -2f, 8f], row);
    }

    [Fact]
    public void WrongValues_AreNamed()
    {
        using var file = Open(Sample().ToBytes());
        var metadata = file.Metadata;
        (Action Read, string Complaint)[] cases =
        [
            (() => metadata.OptionalText("llama.embedding_length"), "model.gguf: llama.embedding_length is 128; supported is a string."),
            (() => metadata.Integer("llama.embedding_length", 1, 64), "model.gguf: llama.embedding_length is 128; supported is an integer between 1 and 64."),
            (() => metadata.Integer("llama.block_count", 1, 64), "model.gguf: llama.block_count is missing; an integer between 1 and 64 is expected."),
            (() => metadata.OptionalNumber("general.architecture", 0, 1), "model.gguf: general.architecture is \"llama\"; supported is a number between 0 and 1."),
            (() => metadata.Boolean("general.architecture", true), "model.gguf: general.architecture is \"llama\"; supported is true or false."),
            (() => metadata.OptionalInteger("tokenizer.ggml.tokens", 0, 1), "tokenizer.ggml.tokens is an array of 3 String; supported is an integer between 0 and 1."),
            (() => metadata.OptionalTexts("tokenizer.ggml.scores"), "tokenizer.ggml.scores is an array of 2 Float32; supported is an array of strings."),
        ];
        foreach (var (read, complaint) in cases)
            Assert.Contains(complaint, Assert.Throws<ModelLoadException>(read).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0x46465547u, "the magic number is 0x46465547; supported is 0x46554747")]
    [InlineData(4, 1u, "the version is 1; supported is 2 or 3")]
    [InlineData(4, 0x03000000u, "the version is 50331648; supported is 2 or 3, little-endian")]
    [InlineData(12, 1u << 31, "the number of tensors is 9223372036854775810; at most")]
    [InlineData(20, 1u << 20, "the number of metadata keys is")]
    public void WrongHeader_IsNamed(int offset, uint value, string complaint)
    {
        byte[] bytes = Sample().ToBytes();
        BitConverter.TryWriteBytes(bytes.AsSpan(offset), value);
        Assert.Contains(complaint, Assert.Throws<ModelLoadException>(() => Open(bytes)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10u, "the type of odd is Q2_K; supported is F32, F16, BF16, Q8_0")]
    [InlineData(77u, "the type of odd is number 77; supported is F32")]
    [InlineData(8u, "shape of odd is [2, 33]; Q8_0 is stored in blocks of 32 columns.")]
    [InlineData(0u, "odd of shape [2, 33] in F32 at offset 64 does not lie within the file's")]
    public void WrongTensor_IsNamed(uint type, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<ModelLoadException>(() => Open(Sample().Add("odd", [2, 33], type, new byte[8]).ToBytes())).Message, StringComparison.Ordinal);

    [Fact]
    public void TwoOfAName_AreRefused()
    {
        Assert.Contains("output_norm.weight is there twice", Assert.Throws<ModelLoadException>(() => Open(Sample().Add("output_norm.weight", [1], [1f]).ToBytes())).Message);
        Assert.Contains("general.architecture is there twice", Assert.Throws<ModelLoadException>(() => Open(Sample().Set("general.architecture", "qwen2").ToBytes())).Message);
    }

    [Fact]
    public void EveryTruncation_IsRefusedInOneSentence()
    {
        byte[] whole = Sample().ToBytes();
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] part = whole[..length];
            var failure = Assert.Throws<ModelLoadException>(() => Open(part));
            Assert.StartsWith("model.gguf: ", failure.Message);
            Assert.EndsWith(".", failure.Message);
        }
    }

    [Fact]
    public void MutatedBytes_AreReadOrRefused_NeverMore()
    {
        byte[] whole = Sample().ToBytes();
        var mutations = from at in Gen.Choose(0, whole.Length - 1)
                        from value in Gen.Elements<byte>(0, 1, 0x7F, 0x80, 0xFF)
                        from length in Gen.Elements(1, 4, 8)
                        select (at, value, length);
        Prop.ForAll(mutations.ToArbitrary(), mutation =>
        {
            byte[] bytes = [.. whole];
            bytes.AsSpan(mutation.at, Math.Min(mutation.length, bytes.Length - mutation.at)).Fill(mutation.value);
            try
            {
                using var file = Open(bytes);
                foreach (var tensor in file.Tensors.Values)
                    ReadWhole(tensor);
                file.Metadata.OptionalTexts("tokenizer.ggml.tokens");
                file.Metadata.OptionalNumbers("tokenizer.ggml.scores");
                file.Metadata.OptionalText("general.architecture");
            }
            catch (ModelLoadException e)
            {
                Assert.StartsWith("model.gguf: ", e.Message);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(11, 3));
    }

    /// <summary>Blocks that the ggml library quantised from random numbers, and what it widened them to (see Golden/README.md).</summary>
    [Theory]
    [InlineData(TensorType.Q8_0)]
    [InlineData(TensorType.Q6_K)]
    [InlineData(TensorType.Q5_K)]
    [InlineData(TensorType.Q5_1)]
    [InlineData(TensorType.Q5_0)]
    [InlineData(TensorType.Q4_K)]
    [InlineData(TensorType.Q4_1)]
    [InlineData(TensorType.Q4_0)]
    public void Blocks_AreWidenedAsByTheFormatsOwnLibrary(TensorType type)
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Inference.Tests", "Golden", "gguf-blocks.json")));
        var example = golden.RootElement.GetProperty(type.ToString());
        var expected = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(example.GetProperty("values").GetBytesFromBase64()).ToArray();
        using var file = Open(Sample().Add("blocks", [2, 256], example.GetProperty("number").GetUInt32(), example.GetProperty("blocks").GetBytesFromBase64()).ToBytes());
        var tensor = file.Tensors["blocks"].Expect(2, 256);
        Assert.Equal(type, tensor.Type);
        var actual = new float[512];
        tensor.CopyRow(0, actual.AsSpan(0, 256));
        tensor.CopyRow(1, actual.AsSpan(256));
        Assert.Equal(512, expected.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-6f);
    }

    private static GgufWriter Sample() => new GgufWriter()
        .Set("general.architecture", "llama")
        .Set("llama.embedding_length", 128)
        .Set("llama.rope.freq_base", 10_000f)
        .Set("tokenizer.ggml.add_bos_token", true)
        .Set("tokenizer.ggml.tokens", new[] { "<unk>", "", "caf\u00e9" })
        .Set("tokenizer.ggml.token_type", new[] { 3, 1, -1 })
        .Set("tokenizer.ggml.scores", new[] { 0f, -1.5f })
        .Set("pattern", new[] { true, false })
        .Add("token_embd.weight", [2, 3], [1, 2, 3, 4, 5, 6], TensorType.F16)
        .Add("output_norm.weight", [3], [0.5f, -2f, 8f]);

    private GgufFile Open(byte[] bytes)
    {
        string path = Path.Combine(folder.Path, "model.gguf");
        File.Delete(path); // a mapped file must not be cut: a new one takes its place
        File.WriteAllBytes(path, bytes);
        return new GgufFile(path);
    }

    private static void ReadWhole(TensorView tensor)
    {
        var row = new float[tensor.Shape[^1]];
        long rows = tensor.Shape.SkipLast(1).Aggregate(1L, (product, size) => product * size);
        for (long i = 0; i < rows; i++)
            tensor.CopyRow(i, row);
    }
}
