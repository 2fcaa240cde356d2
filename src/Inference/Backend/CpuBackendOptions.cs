using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Backend;

/// <summary>How the CPU engine uses its machine.</summary>
public sealed record CpuBackendOptions
{
    /// <summary>Parameters from which a model is large: memory traffic then counts for more than the last digits.</summary>
    internal const long LargeModel = 50_000_000;

    /// <summary>Threads of the kernels; null: one less than the machine's cores, at least one.</summary>
    public int? Threads { get; init; }

    /// <summary>Bytes of KV blocks that attention reads.</summary>
    public long DeviceBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of KV blocks that wait, swapped out; 0: no host tier.</summary>
    public long HostBytes { get; init; } = 64L << 20;

    /// <summary>Tokens a block: a multiple of 16.</summary>
    public int BlockSize { get; init; } = 16;

    /// <summary>Most tokens of one step; scratch memory is sized by it.</summary>
    public int MaxTokensPerStep { get; init; } = 512;

    /// <summary>Most sequences of one step.</summary>
    public int MaxSequences { get; init; } = 128;

    /// <summary>Null: fp32 for models below 50 million parameters, else bf16.</summary>
    public KvType? KvType { get; init; }

    /// <summary>Null: bf16 where the files are stored so or narrower or the model is large, else fp32.</summary>
    public WeightType? WeightType { get; init; }

    /// <summary>Null: the best the machine has.</summary>
    public InstructionPath? Instructions { get; init; }

    /// <summary>
    /// Multiply-accumulates of a step below which it runs on one thread: barriers would cost more than threads save.
    /// </summary>
    public long WorkForThreads { get; init; } = 20_000_000;

    /// <summary>Share of its time that swapping may copy while the engine computes, (0, 1]: bounds what it takes of the memory's bandwidth.</summary>
    public double CopyShare { get; init; } = 0.1;

    /// <summary>Compact forms in which sequences may be kept; none: keys and values alone.</summary>
    public IReadOnlyList<CacheForm> CompactForms { get; init; } = [];

    /// <summary>
    /// Context tokens rebuilt from compact forms at a time, and so the longest of their contexts. Keys and values of one layer of them are part of
    /// <see cref="DeviceBytes"/>.
    /// </summary>
    public int RebuildTokens { get; init; } = 4096;

    /// <summary>
    /// Of every so many tokens of a sequence one runs through all layers, whatever its early exits say, so that the blocks behind it are whole: 2 to 16, and a
    /// divisor of <see cref="BlockSize"/>; 1: no early exits. See <see cref="BackendLimits.ExitWindow"/>.
    /// </summary>
    public int ExitWindow { get; init; } = 1;

    /// <summary>
    /// Blocks keep each token's residual behind the last layer, too, so that a backend of more layers of the model can go on from it (<see cref="CpuBackend.DeepenAsync"/>).
    /// </summary>
    public bool KeepsStates { get; init; }

    /// <summary>Compact forms that save memory for a model of this shape: hidden states where every query head has keys of its own, else 8 bits.</summary>
    public static CacheForm CompactFormFor(ModelShape model) => SavesHidden(model) ? CacheForm.Hidden : CacheForm.Int8;

    // Two tokens' hidden states take the place of one token's keys and values, and the projection begins on a whole panel.
    private static bool SavesHidden(ModelShape model) =>
        model.HiddenSize <= model.KvHeads * model.HeadDim && model.Heads * model.HeadDim % PackedMatrix.PanelWidth == 0;

    /// <exception cref="ArgumentException">A form saves nothing for this model.</exception>
    internal void Validate(ModelShape model)
    {
        Validate();
        foreach (var form in CompactForms)
        {
            if (form == CacheForm.Hidden && !SavesHidden(model))
                throw new ArgumentException(
                    $"CpuBackendOptions.CompactForms has Hidden, which saves nothing for {model.Name}: a hidden state of {model.HiddenSize} elements stands for keys and values of {model.KvHeads} x {model.HeadDim} each; choose Int8.",
                    nameof(CompactForms));
        }
    }

    private void Validate()
    {
        Require(RebuildTokens >= 1, nameof(RebuildTokens), RebuildTokens, "1 or more");
        Require(CompactForms.All(form => form is CacheForm.Hidden or CacheForm.Int8), nameof(CompactForms), string.Join(", ", CompactForms), "Hidden, Int8 or both");
        Require(ExitWindow is >= 1 and <= Deficit.MaxTokens + 1 && BlockSize % ExitWindow == 0, nameof(ExitWindow), ExitWindow, $"1 to {Deficit.MaxTokens + 1} and a divisor of BlockSize");
        Require(!KeepsStates || (CompactForms.Count == 0 && ExitWindow == 1), nameof(KeepsStates), KeepsStates, "false with compact forms or early exits");
        Require(CopyShare is > 0 and <= 1, nameof(CopyShare), CopyShare, "more than 0 and at most 1");
        Require(Threads is null or (>= 1 and <= 1024), nameof(Threads), Threads, "1 to 1024");
        Require(DeviceBytes > 0, nameof(DeviceBytes), DeviceBytes, "more than 0");
        Require(HostBytes >= 0, nameof(HostBytes), HostBytes, "0 or more");
        Require(BlockSize >= KvLayout.Tile && BlockSize % KvLayout.Tile == 0, nameof(BlockSize), BlockSize,
            $"a multiple of {KvLayout.Tile}");
        Require(MaxTokensPerStep is >= 1 and <= 1 << 20, nameof(MaxTokensPerStep), MaxTokensPerStep, "1 to 1048576");
        Require(MaxSequences is >= 1 and <= 1 << 20, nameof(MaxSequences), MaxSequences, "1 to 1048576");
    }

    private static void Require(bool condition, string option, object? value, string expected)
    {
        if (!condition)
            throw new ArgumentOutOfRangeException(option, value, $"CpuBackendOptions.{option} is expected to be {expected}.");
    }
}
