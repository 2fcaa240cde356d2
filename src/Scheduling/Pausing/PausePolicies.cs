namespace Pharos.Scheduling.Pausing;

/// <summary>The policies by the names that configuration uses. Some remember, so each core has its own.</summary>
public static class PausePolicies
{
    private static readonly Func<IPausePolicy>[] All =
    [
        () => new LeastWastePause(), () => new FixedPause(PauseAction.Preserve), () => new FixedPause(PauseAction.Swap),
        () => new FixedPause(PauseAction.Discard), () => new InferceptPause(knowsDuration: false), () => new LazyPause(), () => new LampsPublishedPause(),
        () => new TimeToLivePause(), () => new SmallestFirstPause(), () => new LeastRecentPause(),
    ];

    public static IEnumerable<string> Names => All.Select(make => make().Name);

    /// <returns>A new instance.</returns>
    /// <exception cref="ArgumentException">No policy has that name; the message lists those that exist.</exception>
    public static IPausePolicy Find(string name) =>
        All.Select(make => make()).FirstOrDefault(policy => policy.Name == name)
        ?? throw new ArgumentException($"Pause policy '{name}' is not known; there are: {string.Join(", ", Names)}.");
}
