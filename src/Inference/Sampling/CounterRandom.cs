namespace Pharos.Inference.Sampling;

/// <summary>
/// Random numbers as a pure function of (seed, position): no state, so that a replayed or migrated sequence draws the same numbers
/// whatever else its batch holds. The mixer is SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014), applied twice.
/// </summary>
public static class CounterRandom
{
    public static ulong Bits(ulong seed, ulong counter) => Mix(Mix(seed + 0x9E3779B97F4A7C15) ^ (counter * 0xD1B54A32D192ED03 + 0x8CB92BA72F3D8DD7));

    /// <summary>Uniform in [0, 1) with 53 bits.</summary>
    public static double Uniform(ulong seed, ulong counter) => (Bits(seed, counter) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
