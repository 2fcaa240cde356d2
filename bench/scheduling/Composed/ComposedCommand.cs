using System.CommandLine;
using System.Globalization;
using Pharos.Simulator;
using Pharos.Simulator.Policies;
using Pharos.Simulator.Predictions;
using Pharos.Simulator.Workloads;

namespace Pharos.Bench.Scheduling.Composed;

/// <summary>
/// What bytes a token buy where the order can win no more: memory-time ranking alone, then with each of the things that make caches smaller or batches better,
/// then with all of them, on the same arrivals with learned predictions.
/// </summary>
internal static class ComposedCommand
{
    public static Command Create()
    {
        var rates = new Option<string>("--rates") { DefaultValueFactory = _ => "7,8" };
        var seconds = new Option<double>("--seconds") { Description = "arrivals stop here; the run drains and every request counts", DefaultValueFactory = _ => 1800 };
        var seeds = new Option<int>("--seeds") { DefaultValueFactory = _ => 5 };
        var stacks = new Option<string>("--stacks") { Description = "with commas between: " + string.Join(", ", Stack.All.Select(stack => stack.Name)), DefaultValueFactory = _ => string.Join(",", Stack.All.Select(stack => stack.Name)) };
        var command = new Command("composed", "The three systems together, and each left out, on the mixture of tools (multi, GPT-J-6B on an A100).") { rates, seconds, seeds, stacks };
        command.SetAction(parsed =>
        {
            var chosen = parsed.GetValue(stacks)!.Split(',').Select(name => Stack.All.First(stack => stack.Name == name)).ToList();
            foreach (var rate in parsed.GetValue(rates)!.Split(',').Select(text => double.Parse(text, CultureInfo.InvariantCulture)))
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nmulti {rate}, {parsed.GetValue(seconds)} s, {parsed.GetValue(seeds)} seeds, learned predictions:\n\n| stack | mean wait, s | x | P99 wait, s | x | first token, s |\n|---|---|---|---|---|---|"));
                (double Mean, double P99)? first = null;
                foreach (var stack in chosen)
                {
                    var (mean, p99, token) = Run(stack, rate, parsed.GetValue(seconds), parsed.GetValue(seeds));
                    first ??= (mean, p99);
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {stack.Words} | {mean:F1} | {mean / first.Value.Mean:F2} | {p99:F0} | {p99 / first.Value.P99:F2} | {token:F1} |"));
                }
            }

            return 0;
        });
        return command;
    }

    private static (double Mean, double P99, double FirstToken) Run(Stack stack, double rate, double seconds, int seeds)
    {
        var (mean, p99, token) = (0.0, 0.0, 0.0);
        for (var seed = 1; seed <= seeds; seed++)
        {
            var result = Simulation.Run(stack.Setup(Arrivals.Poisson(MixtureWorkload.Load("multi"), rate, seconds, seed), seconds));
            mean += result.Wait.Mean / seeds;
            p99 += result.Wait.P99 / seeds;
            token += result.TimeToFirstToken.Mean / seeds;
        }

        return (mean, p99, token);
    }

    /// <param name="HostDensity">Tokens that the host tier and the link to it hold and move for one of keys and values in 16 bits.</param>
    /// <param name="Depth">Layers that tokens run through and have caches of, of 28.</param>
    private sealed record Stack(string Name, string Words, string Policy, int HostDensity = 1, int Depth = Stack.Layers)
    {
        private const int Layers = 28;
        private const double WeightBytes = 12e9; // 6 billion weights of 2 bytes

        public static IReadOnlyList<Stack> All { get; } =
        [
            new("pharos", "`pharos`: memory-time ranking, lazy pauses", "pharos"),
            new("density", "and batches by density", "apt-density-kv"),
            new("parked", "`pharos`, caches on the host in 8 bits", "pharos", HostDensity: 2),
            new("int8", "and batches by density that may keep any cache in 8 bits", "apt-density-int8"),
            new("shallow", "`pharos`, 24 of 28 layers", "pharos", Depth: 24),
            new("all", "all: density, 8 bits, 24 of 28 layers", "apt-density-int8", Depth: 24),
        ];

        public SimulationSetup Setup(IReadOnlyList<Arrival> arrivals, double seconds)
        {
            var profile = SimulatedProfile.Find("gptj-6b-a100");
            // Layers that are not there cost no time, no bytes of a token, and leave the memory of their weights to caches.
            var share = (double)Depth / Layers;
            var tokens = (profile.KvTokens + (1 - share) * WeightBytes / profile.KvBytesPerToken) / share;
            var device = profile.Device with
            {
                ConstantSeconds = share * profile.Device.ConstantSeconds, SecondsPerToken = share * profile.Device.SecondsPerToken,
                SwapTokensPerSecond = HostDensity * profile.Device.SwapTokensPerSecond / share,
            };
            return new SimulationSetup(arrivals, seconds, SimulatedPolicies.Find(Policy), new LearnedPredictions(), device, (int)tokens, (int)(HostDensity * profile.HostTokens / share));
        }
    }
}
