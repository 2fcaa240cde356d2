using System.CommandLine;
using Pharos.Bench.Cluster;
using Pharos.Bench.Cluster.Drills;

// cluster kill|rolling|hang|redis|move|load|parked|tokens [--rounds N] [--clients N] [--silos N] [--seed S] [--slow-devices] [--tokens N] [--model DIR] [--bin DIR] [--keep-logs]
// Exit 0: every promise held.
var rounds = new Option<int>("--rounds") { Description = "how often", DefaultValueFactory = _ => 3, Recursive = true };
var clients = new Option<int>("--clients") { Description = "clients that ask without pause", DefaultValueFactory = _ => 12, Recursive = true };
var silos = new Option<int>("--silos") { Description = "silo processes, a device each", DefaultValueFactory = _ => 3, Recursive = true };
var seed = new Option<int>("--seed") { Description = "chooses the silos", DefaultValueFactory = _ => 1, Recursive = true };
var tokens = new Option<int>("--tokens") { Description = "of the context that is parked", DefaultValueFactory = _ => 900, Recursive = true };
var model = new Option<string?>("--model") { Description = "a model's directory in place of the embedded one", Recursive = true };
var bin = new Option<string>("--bin") { Description = "the programs, built with -p:GrainHost=Orleans", DefaultValueFactory = _ => "artifacts/Orleans/bin", Recursive = true };
var slow = new Option<bool>("--slow-devices") { Description = "simulated devices of 50 tokens a second in place of the engine", Recursive = true };
var keep = new Option<bool>("--keep-logs") { Description = "keep the logs, and say where", Recursive = true };
var root = new RootCommand("Drills a real cluster: Redis, silo processes, a gateway, clients, and a fault.")
{
    rounds, clients, silos, seed, tokens, model, bin, slow, keep,
    Drill("kill", "kill -9 of random silos", parsed => new KillDrill(parsed.GetValue(rounds), parsed.GetValue(seed))),
    Drill("rolling", "SIGTERM to every silo in turn", parsed => new RollingDrill(parsed.GetValue(rounds))),
    Drill("hang", "SIGSTOP of random silos for 6 s, then SIGCONT", parsed => new HangDrill(parsed.GetValue(rounds), parsed.GetValue(seed), TimeSpan.FromSeconds(6))),
    Drill("move", "sequences sent from silo to silo all the time, --rounds of them", parsed => new MoveDrill(parsed.GetValue(rounds), parsed.GetValue(seed))),
    Drill("load", "every core busy for --rounds minutes", parsed => new LoadDrill(TimeSpan.FromMinutes(parsed.GetValue(rounds)))),
    Drill("parked", "a parked request of --tokens sent to and fro --rounds times: how long that takes", parsed => new ParkedDrill(parsed.GetValue(rounds), parsed.GetValue(tokens))),
    Drill("tokens", "no fault: what the way to the client adds to a token, and the messages it costs", parsed => new TokensDrill(parsed.GetValue(rounds), parsed.GetValue(clients))),
    Drill("redis", "Redis stopped for 5 s, then killed and restarted", _ => new RedisDrill(TimeSpan.FromSeconds(5))),
};
return await root.Parse(args).InvokeAsync();

Command Drill(string name, string description, Func<ParseResult, IDrill> make)
{
    var command = new Command(name, description);
    command.SetAction(async parsed =>
    {
        var folder = Directory.CreateTempSubdirectory("pharos-drill-").FullName;
        try
        {
            return await Play(name, make(parsed), parsed, folder);
        }
        finally
        {
            if (parsed.GetValue(keep))
                Console.WriteLine($"logs: {folder}");
            else
                Directory.Delete(folder, recursive: true);
        }
    });
    return command;
}

async Task<int> Play(string name, IDrill drill, ParseResult parsed, string folder)
{
    Traffic? traffic = null;
    var isBroken = false;
    try
    {
        var settings = new Dictionary<string, string>(parsed.GetValue(slow) ? SlowDevices.Settings : drill.Settings);
        if (parsed.GetValue(model) is { } directory)
            settings["Pharos__Model"] = Path.GetFullPath(directory);
        await using var cluster = new LocalCluster(Path.GetFullPath(parsed.GetValue(bin)!), folder, parsed.GetValue(silos), settings);
        await cluster.AllActive();
        traffic = await Traffic.Begin(cluster.Client, drill.Scripts, parsed.GetValue(clients));
        await using var _ = traffic;
        await drill.Run(cluster, traffic, new Report());
        if (drill.Scripts.Length > 0)
            Console.WriteLine($"{traffic.Ended} answers of {parsed.GetValue(clients)} clients were the same as undisturbed, {traffic.Failures.Count} were not; longest silence {traffic.LongestGap.TotalSeconds:F2} s, {cluster.Evicted} evictions");
    }
    catch (DrillFailedException broken)
    {
        Console.WriteLine($"drill '{name}': FAILED, {broken.Message}");
        isBroken = true;
    }

    foreach (var failure in traffic?.Failures ?? [])
        Console.WriteLine($"  {failure}");
    return isBroken || traffic is not { Failures.Count: 0 } || (traffic.Ended == 0 && drill.Scripts.Length > 0) ? 1 : 0;
}
