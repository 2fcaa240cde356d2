using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Loading;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryTruncation_IsRefusedInOneSentence()
    {
        byte[] whole = Sample();
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] part = whole[..length];
            var failure = Assert.Throws<ModelLoadException>(() => Open(part));
            Assert.StartsWith("model.safetensors: ", failure.Message);
            Assert.EndsWith(".", failure.Message);
        }
    }

    [Fact]
    public void MutatedBytes_AreReadOrRefused_NeverMore()
    {
        byte[] whole = Sample();
        int header = 8 + (int)BitConverter.ToInt64(whole);
        var mutations = from at in Gen.Choose(0, header - 1)
                        from value in Gen.Elements((byte)'0', (byte)'9', (byte)'-', (byte)'"', (byte)',', (byte)'[', (byte)0, (byte)0x80, (byte)0xFF)
                        from length in Gen.Elements(1, 2, 4)
                        select (at, value, length);
        Prop.ForAll(mutations.ToArbitrary(), mutation =>
        {
            byte[] bytes = [.. whole];
            bytes.AsSpan(mutation.at, mutation.length).Fill(mutation.value);
            try
            {
                using var file = Open(bytes);
                foreach (var tensor in file.Tensors.Values.Where(t => t.Shape.Count > 0))
                {
                    var row = new float[tensor.Shape[^1]];
                    for (long i = 0; i < tensor.Shape.SkipLast(1).Aggregate(1L, (product, size) => product * size); i++)
                        tensor.CopyRow(i, row);
                }
            }
            catch (ModelLoadException e)
            {
                Assert.StartsWith("model.safetensors: ", e.Message);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(5, 9));
    }

    [Theory]
    [InlineData("[9223372036854775807,4]", "the bytes for shape [9223372036854775807, 4]")]
    [InlineData("[-2,-3]", "the bytes for shape [-2, -3]")]
    public void ImpossibleShape_IsNamed(string shape, string complaint)
    {
        string header = "{\"a\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[0,24]}}";
        byte[] bytes = [.. BitConverter.GetBytes((long)header.Length), .. System.Text.Encoding.UTF8.GetBytes(header), .. new byte[24]];
        Assert.Contains(complaint, Assert.Throws<ModelLoadException>(() => Open(bytes)).Message);
    }

    [Fact]
    public void OffsetsWhoseDifferenceWrapsAround_AreRefused()
    {
        // 2^63 - 24 and -2^63: 24 bytes apart in 64 bits, and nowhere near the file.
        const string header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[9223372036854775784,-9223372036854775808]}}";
        byte[] bytes = [.. BitConverter.GetBytes((long)header.Length), .. System.Text.Encoding.UTF8.GetBytes(header), .. new byte[24]];
        Assert.Contains("data_offsets of a are [9223372036854775784, -9223372036854775808]", Assert.Throws<ModelLoadException>(() => Open(bytes)).Message);
    }

    [Fact]
    public void TwoOfAName_AreRefused()
    {
        const string entry = "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        string header = $"{{{entry},{entry}}}";
        byte[] bytes = [.. BitConverter.GetBytes((long)header.Length), .. System.Text.Encoding.UTF8.GetBytes(header), .. new byte[4]];
        Assert.Contains("the header has a twice", Assert.Throws<ModelLoadException>(() => Open(bytes)).Message);
    }

    private byte[] Sample()
    {
        string path = Path.Combine(folder.Path, "sample.safetensors");
        SafetensorsWriter.Write(path, [("a.weight", [2, 3], [1, 2, 3, 4, 5, 6]), ("b", [4], [1, 2, 3, 4])], TensorType.F32);
        return File.ReadAllBytes(path);
    }

    private SafetensorsFile Open(byte[] bytes)
    {
        string path = Path.Combine(folder.Path, "model.safetensors");
        File.Delete(path); // a mapped file must not be cut: a new one takes its place
        File.WriteAllBytes(path, bytes);
        return new SafetensorsFile(path);
    }
}
