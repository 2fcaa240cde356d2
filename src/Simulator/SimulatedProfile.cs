using System.Collections.Immutable;
using Pharos.Scheduling.Costs;
using Pharos.Scheduling.Worker;

namespace Pharos.Simulator;

/// <summary>A model on a device, under the name that the command line uses, with the memory it has there.</summary>
/// <param name="KvBytesPerToken">Bytes of keys and values a token.</param>
/// <param name="KvTokens">Device memory beside the weights, in tokens of KV.</param>
/// <param name="HostTokens">Host memory for swapped caches, in tokens of KV.</param>
public sealed record SimulatedProfile(string Name, DeviceProfile Device, double KvBytesPerToken, int KvTokens, int HostTokens)
{
    /// <summary>
    /// Seconds to rebuild keys and values of a context token from its hidden states, all layers: one projection. Infinite where that saves no memory, two
    /// or more query heads sharing a key head.
    /// </summary>
    public double HiddenRebuildSeconds { get; init; } = double.PositiveInfinity;

    private const double HostBytes = 32e9; // swap space of each device, as in INFERCEPT's runs

    public static ImmutableArray<SimulatedProfile> All { get; } =
    [
        // GPT-J-6B on one A100 (INFERCEPT, arXiv 2402.01869).
        new("gptj-6b-a100", DeviceProfile.GptJ6bA100, 458_752, 52_000, 70_000),

        // Vicuna-13B on two A100s (INFERCEPT, arXiv 2402.01869): 40 layers x 2 x 5120 x 2 B a token; nine tenths of 2 x 40 GB less 26 GB of weights.
        Measured("vicuna-13b-2xa100", new DeviceProfile(15.4e-3, 0.0279e-3, 0, 384, 1), bytesPerToken: 819_200, gigabytesPerSecond: 20, kvTokens: 56_000),

        // OPT-13B on an A100 of 40 GB: vLLM (arXiv 2309.06180, table 1) tells 26 GB of weights and 15.7 thousand tokens of KV; the device reads
        // 1,555 GB/s and computes 312 TFLOP/s in bf16 (NVIDIA's data sheet).
        // 512 tokens an iteration is what vLLM chose for chunked prefill on this device (vllm-project/vllm, pull request 4580).
        // A projection of 40 layers of 5,120 elements to keys and values: 4 x 40 x 5,120^2 operations a token.
        FromDataSheet("opt-13b-a100-40g", weights: 13e9, bytesPerToken: 819_200, bandwidth: 1.555e12, flops: 312e12, tokensPerIteration: 512, gigabytesPerSecond: 20, kvTokens: 15_700)
            with { HiddenRebuildSeconds = 4.0 * 40 * 5_120 * 5_120 / 312e12 },

        // Llama-3-8B on an H100 SXM of 80 GB: 8.03 billion weights, 32 layers x 2 x 8 heads x 128 x 2 B a token (its model card); the device reads
        // 3.35 TB/s, computes 989 TFLOP/s in bf16 without sparsity, and its PCIe 5 moves twice what the A100's PCIe 4 does (NVIDIA's data sheet).
        FromDataSheet("llama-3-8b-h100", weights: 8.03e9, bytesPerToken: 131_072, bandwidth: 3.35e12, flops: 989e12, tokensPerIteration: 768, gigabytesPerSecond: 40, kvTokens: 426_000),
    ];

    /// <summary>
    /// Seconds to rebuild a context token from this form. 8 bits take none: attention kernels of GPUs widen them in registers, and what these read is the
    /// memory's bytes, which the fixed cost has already.
    /// </summary>
    public double RebuildSeconds(CacheForm? form) => form == CacheForm.Hidden ? HiddenRebuildSeconds : 0;

    /// <exception cref="ArgumentException">No profile has that name; the message lists those that exist.</exception>
    public static SimulatedProfile Find(string name) =>
        All.FirstOrDefault(profile => profile.Name == name)
        ?? throw new ArgumentException($"Profile '{name}' is not known; there are: {string.Join(", ", All.Select(profile => profile.Name))}.");

    /// <summary>The same device behind a link of <paramref name="gigabytesPerSecond"/> each way.</summary>
    public SimulatedProfile WithLink(double gigabytesPerSecond) =>
        gigabytesPerSecond > 0
            ? this with { Device = Device with { SwapTokensPerSecond = gigabytesPerSecond * 1e9 / KvBytesPerToken } }
            : throw new ArgumentOutOfRangeException(nameof(gigabytesPerSecond), gigabytesPerSecond, "Expected a link above 0 GB/s.");

    // Where nobody has published a fit: the fixed cost is to read all weights and, on the average, half of the KV memory once an iteration; a token
    // costs two operations a weight. An upper bound of speed: real kernels reach a part of it, the same part for every policy.
    private static SimulatedProfile FromDataSheet(
        string name, double weights, double bytesPerToken, double bandwidth, double flops, int tokensPerIteration, double gigabytesPerSecond, int kvTokens)
    {
        var read = (2 * weights + bytesPerToken * kvTokens / 2) / bandwidth;
        return Measured(name, new DeviceProfile(read, 2 * weights / flops, 0, tokensPerIteration, 1), bytesPerToken, gigabytesPerSecond, kvTokens);
    }

    private static SimulatedProfile Measured(string name, DeviceProfile device, double bytesPerToken, double gigabytesPerSecond, int kvTokens) =>
        new SimulatedProfile(name, device, bytesPerToken, kvTokens, (int)(HostBytes / bytesPerToken)).WithLink(gigabytesPerSecond);
}
