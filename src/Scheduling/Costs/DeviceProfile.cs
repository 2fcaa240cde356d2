namespace Pharos.Scheduling.Costs;

/// <summary>
/// What one device takes for what: iteration time = c + a * tokens + aCtx * context tokens attended, and the link to host memory. Attended
/// context is counted a computed token at a time: a decode at position n attends n + 1 tokens, a chunk the sum over its tokens.
/// Constants of published devices are profiles; live workers fit theirs online (<see cref="IterationFit"/>).
/// </summary>
/// <param name="ConstantSeconds">c: an iteration's fixed cost, in seconds.</param>
/// <param name="SecondsPerToken">a: for each token of the batch.</param>
/// <param name="SecondsPerContextToken">aCtx: for each token of context attended.</param>
/// <param name="TokensPerIteration">Token budget of one iteration.</param>
/// <param name="SwapTokensPerSecond">One-way copy speed between device and host, in tokens of KV a second.</param>
[GenerateSerializer, Alias("pharos.device-profile")]
public sealed record DeviceProfile(
    [property: Id(0)] double ConstantSeconds, [property: Id(1)] double SecondsPerToken, [property: Id(2)] double SecondsPerContextToken,
    [property: Id(3)] int TokensPerIteration, [property: Id(4)] double SwapTokensPerSecond)
{
    /// <summary>GPT-J-6B on one A100 (INFERCEPT 2402.01869): 28 layers x 2 x 4096 x 2 B = 458,752 B a token, PCIe about 20 GB/s.</summary>
    public static DeviceProfile GptJ6bA100 { get; } = new(16.92e-3, 0.0408e-3, 0, 384, 20e9 / 458_752);

    /// <summary>Time of one iteration over <paramref name="tokens"/> tokens that attend <paramref name="contextTokens"/>.</summary>
    public double IterationSeconds(int tokens, long contextTokens) =>
        ConstantSeconds + SecondsPerToken * tokens + SecondsPerContextToken * contextTokens;

    /// <summary>d: one decode iteration of one sequence.</summary>
    public double DecodeSeconds => ConstantSeconds + SecondsPerToken;

    /// <summary>Tf(x): prefill of <paramref name="tokens"/> tokens in chunks of the iteration's budget.</summary>
    public double PrefillSeconds(double tokens) =>
        tokens <= 0 ? 0 : Math.Ceiling(tokens / TokensPerIteration) * ConstantSeconds + SecondsPerToken * tokens
                          + SecondsPerContextToken * tokens * (tokens + 1) / 2;

    /// <summary>Context attended by <paramref name="count"/> tokens computed from position <paramref name="start"/> on: the sum of start + 1 ... start + count.</summary>
    public static long ContextAttended(int start, int count) => (long)count * start + (long)count * (count + 1) / 2;

    /// <summary>Tsw(x): one-way copy of the KV of <paramref name="tokens"/> tokens.</summary>
    public double SwapSeconds(double tokens) => tokens / SwapTokensPerSecond;
}
