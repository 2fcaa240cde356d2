using System.Collections.Immutable;
using Pharos.Scheduling.Costs;

namespace Pharos.Simulator;

/// <summary>A published device under the name that the command line uses.</summary>
/// <param name="KvBytesPerToken">Bytes of keys and values a token.</param>
public sealed record SimulatedProfile(string Name, DeviceProfile Device, double KvBytesPerToken)
{
    public static ImmutableArray<SimulatedProfile> All { get; } =
    [
        new("gptj-6b-a100", DeviceProfile.GptJ6bA100, 458_752),
    ];

    /// <exception cref="ArgumentException">No profile has that name; the message lists those that exist.</exception>
    public static SimulatedProfile Find(string name) =>
        All.FirstOrDefault(profile => profile.Name == name)
        ?? throw new ArgumentException($"Profile '{name}' is not known; there are: {string.Join(", ", All.Select(profile => profile.Name))}.");

    /// <summary>The same device behind a link of <paramref name="gigabytesPerSecond"/> each way.</summary>
    public SimulatedProfile WithLink(double gigabytesPerSecond) =>
        gigabytesPerSecond > 0
            ? this with { Device = Device with { SwapTokensPerSecond = gigabytesPerSecond * 1e9 / KvBytesPerToken } }
            : throw new ArgumentOutOfRangeException(nameof(gigabytesPerSecond), gigabytesPerSecond, "Expected a link above 0 GB/s.");
}
