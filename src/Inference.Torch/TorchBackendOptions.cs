using Pharos.Inference.Backend;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Scheduling.Worker;
using TorchSharp;

namespace Pharos.Inference.Torch;

/// <summary>How the engine uses its device, checked and with every <c>auto</c> decided.</summary>
internal sealed record TorchBackendOptions
{
    public required BackendSettings Settings { get; init; }

    /// <summary>Of weights and activations; sums, norms and rotations are in fp32.</summary>
    public required torch.ScalarType Compute { get; init; }

    /// <summary>Of keys and values.</summary>
    public required torch.ScalarType Kv { get; init; }

    /// <summary>Share of padding that attention may gather in a step; see <see cref="Batching.AttentionGroups"/>.</summary>
    public double MostPadding { get; init; } = 0.15;

    /// <summary>Bytes of keys that one attention call gathers at most; as many of values.</summary>
    public long GatherBytes { get; init; } = 512L << 20;

    /// <summary>How a cache is called when it travels: 16-bit floats other than bf16 travel as fp32, which keeps every bit.</summary>
    public KvType Chunk => Kv == torch.ScalarType.BFloat16 ? KvType.Bf16 : KvType.F32;

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    /// <exception cref="NotSupportedException">A value is not for this engine.</exception>
    public static TorchBackendOptions From(BackendSettings settings, LoadedModel model)
    {
        Require(settings.DeviceBytes > 0, nameof(settings.DeviceBytes), settings.DeviceBytes, "more than 0");
        Require(settings.HostBytes >= 0, nameof(settings.HostBytes), settings.HostBytes, "0 or more");
        Require(settings.BlockSize is >= 1 and <= 1024, nameof(settings.BlockSize), settings.BlockSize, "1 to 1024");
        Require(settings.MaxTokensPerStep is >= 1 and <= 1 << 20, nameof(settings.MaxTokensPerStep), settings.MaxTokensPerStep, "1 to 1048576");
        Require(settings.MaxSequences is >= 1 and <= 1 << 20, nameof(settings.MaxSequences), settings.MaxSequences, "1 to 1048576");
        Require(settings.RebuildTokens >= 1, nameof(settings.RebuildTokens), settings.RebuildTokens, "1 or more");
        Require(
            settings.ExitWindow is >= 1 and <= Deficit.MaxTokens + 1 && settings.BlockSize % settings.ExitWindow == 0, nameof(settings.ExitWindow), settings.ExitWindow,
            $"1 to {Deficit.MaxTokens + 1} and a divisor of BlockSize");
        foreach (var form in settings.CompactForms)
            RequireOffered(form, model.Shape);
        Require(settings.Device >= 0, nameof(settings.Device), settings.Device, "0 or more");
        var compute = settings.Dtype switch
        {
            "fp32" => torch.ScalarType.Float32,
            "bf16" => torch.ScalarType.BFloat16,
            "fp16" => torch.ScalarType.Float16,
            "auto" => AsStored(model),
            var other => throw new NotSupportedException($"Dtype '{other}' is not for the torch backend; auto, fp32, bf16 or fp16 is expected."),
        };
        var kv = settings.KvDtype switch
        {
            "fp32" => torch.ScalarType.Float32,
            "bf16" => torch.ScalarType.BFloat16,
            "auto" => compute,
            var other => throw new NotSupportedException($"Kv:Dtype '{other}' is not for the torch backend; auto, fp32 or bf16 is expected."),
        };
        return new TorchBackendOptions { Settings = settings, Compute = compute, Kv = kv };
    }

    // Block quantisations of GGUF files are widened: bf16 has the range of all of them.
    private static torch.ScalarType AsStored(LoadedModel model) => model.StoredType switch
    {
        TensorType.F16 => torch.ScalarType.Float16,
        TensorType.F32 when model.Architecture.Parameters < CpuBackendOptions.LargeModel => torch.ScalarType.Float32,
        _ => torch.ScalarType.BFloat16,
    };

    // Two tokens' hidden states take the place of one token's keys and values.
    private static void RequireOffered(CacheForm form, ModelShape model)
    {
        if (form != CacheForm.Hidden)
            throw new NotSupportedException($"The compact form {form} is not for the torch backend; Hidden is expected, or none.");
        if (model.HiddenSize > model.KvHeads * model.HeadDim)
            throw new NotSupportedException(
                $"The compact form Hidden saves nothing for {model.Name}: a hidden state of {model.HiddenSize} elements stands for keys and values of {model.KvHeads} x {model.HeadDim} each; none is expected.");
    }

    private static void Require(bool condition, string option, object value, string expected)
    {
        if (!condition)
            throw new ArgumentOutOfRangeException(option, value, $"{option} is expected to be {expected}.");
    }
}
