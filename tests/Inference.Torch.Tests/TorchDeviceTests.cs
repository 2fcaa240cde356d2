using System.Text.RegularExpressions;
using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Torch.Cuda;

namespace Pharos.Inference.Torch.Tests;

public sealed partial class TorchDeviceTests
{
    [Fact]
    public void A_device_that_is_not_there_is_said_in_one_sentence()
    {
        using var model = ModelLoader.Load(Repository.EmbeddedModel);
        var refused = Assert.Throws<NotSupportedException>(() => TorchBackend.Create(model, new BackendSettings { Device = 99 }));
        Assert.Contains("CUDA device", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void Settings_of_other_backends_are_refused()
    {
        using var model = ModelLoader.Load(Repository.EmbeddedModel);
        Assert.Throws<NotSupportedException>(() => TorchBackend.Create(model, new BackendSettings { Accelerator = "cpu", Dtype = "int8" }));
        Assert.Throws<ArgumentException>(() => TorchBackend.Create(model, new BackendSettings { Accelerator = "cpu", DeviceBytes = 10 }));
    }

    [Theory]
    [InlineData(TorchSharp.torch.ScalarType.Float32)]
    [InlineData(TorchSharp.torch.ScalarType.BFloat16)]
    [InlineData(TorchSharp.torch.ScalarType.Float16)]
    public unsafe void A_tensor_is_where_its_address_says(TorchSharp.torch.ScalarType type)
    {
        using var tensor = TorchSharp.torch.zeros(8, 8, dtype: type);
        fixed (byte* bytes = tensor.bytes)
            Assert.Equal((nint)bytes, tensor.Address());
    }

    [Fact]
    public void The_engine_is_found_by_name() => Assert.IsType<TorchBackendProvider>(OptionalBackends.RequireTorch());

    /// <summary>These leave the native library by an exception that nothing catches, or ignore what they are told.</summary>
    [Fact]
    public void Calls_that_end_the_process_are_not_used() =>
        Assert.All(Sources(), file => Assert.DoesNotMatch(Forbidden(), File.ReadAllText(file)));

    /// <summary>One made for a call, or by default, can be collected while native code reads it.</summary>
    [Fact]
    public void Numbers_reach_the_native_library_as_scalars_that_are_kept()
    {
        string[] lines = [.. Sources().SelectMany(File.ReadLines).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal))];
        Assert.All(lines, line => Assert.DoesNotMatch(MakesScalars(), line));
        string[] taking = [.. lines.Where(line => TakesScalars().IsMatch(line))];
        Assert.True(taking.Length > 10);
        Assert.All(taking, line => Assert.Contains("Scalars.", line, StringComparison.Ordinal));
    }

    private static string[] Sources()
    {
        string[] files = Directory.GetFiles(Path.Combine(Repository.Root, "src", "Inference.Torch"), "*.cs", SearchOption.AllDirectories);
        Assert.True(files.Length > 10);
        return files;
    }

    [GeneratedRegex(@"\bmatmul\s*\(|\.cuda\s*\(")]
    private static partial Regex Forbidden();

    [GeneratedRegex(@"\.(square|pow_?|clamp_(min|max)_?)\(|\.(mul|div|sub|ge|gt|le|lt|eq|ne|fmod|remainder)_?\(-?\d")]
    private static partial Regex MakesScalars();

    [GeneratedRegex(@"\.(add|addcmul|masked_fill|clamp|fill)_?\(|\b(arange|full_like|full)\(")]
    private static partial Regex TakesScalars();
}
