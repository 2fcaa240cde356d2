namespace Pharos.Scheduling.Pausing;

/// <summary>The policies by the names that configuration uses.</summary>
public static class PausePolicies
{
    private static readonly IPausePolicy[] All =
    [
        new LeastWastePause(), new FixedPause(PauseAction.Preserve), new FixedPause(PauseAction.Swap), new FixedPause(PauseAction.Discard),
    ];

    public static IEnumerable<string> Names => All.Select(policy => policy.Name);

    /// <exception cref="ArgumentException">No policy has that name; the message lists those that exist.</exception>
    public static IPausePolicy Find(string name) =>
        All.FirstOrDefault(policy => policy.Name == name)
        ?? throw new ArgumentException($"Pause policy '{name}' is not known; there are: {string.Join(", ", Names)}.");
}
