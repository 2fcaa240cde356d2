using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Pharos.Bench.Fuzz;
using Pharos.Gateway.Hosting;
using Pharos.Grains;

// Mutated bodies against a gateway of this process, on a simulated device that takes no time:
//   dotnet run -c Release --project bench/fuzz -- --bodies 100000 --seed 1
// No 500, no hang, nothing left behind, memory flat; what breaks that is printed with its body, and the exit code is 1.
var bodies = new Option<int>("--bodies") { Description = "How many.", DefaultValueFactory = _ => 100_000 };
var seed = new Option<int>("--seed") { Description = "The same seed sends the same bodies.", DefaultValueFactory = _ => 1 };
var atOnce = new Option<int>("--at-once") { Description = "Bodies under way together.", DefaultValueFactory = _ => 32 };
var command = new RootCommand("Mutated HTTP bodies against a real gateway.") { bodies, seed, atOnce };
command.SetAction((parsed, ct) => Run(parsed.GetValue(bodies), parsed.GetValue(seed), parsed.GetValue(atOnce)));
return await command.Parse(args).InvokeAsync();

static async Task<int> Run(int bodies, int seed, int atOnce)
{
    const int parts = 10; // memory is looked at after each
    await using var app = GatewayProgram.Build(["--urls", "http://127.0.0.1:0", .. FuzzSettings.Arguments]);
    await app.StartAsync();
    using var http = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()) };
    var run = new FuzzRun(http, seed);
    var clock = Stopwatch.StartNew();
    var memory = new List<double>();
    var cluster = app.Services.GetRequiredService<InProcessCluster>();
    for (var part = 0; part < parts; part++)
    {
        await run.Run(part * bodies / parts, (part + 1) * bodies / parts - part * bodies / parts, atOnce);
        for (var wait = 0; wait < 600 && Left(cluster) > 0; wait++)
            await Task.Delay(100); // retentions are a second here
        memory.Add(GC.GetTotalMemory(forceFullCollection: true) / 1e6);
        Console.WriteLine(FormattableString.Invariant($"{(part + 1) * bodies / parts,8} bodies  {clock.Elapsed.TotalSeconds,7:F1} s  {memory[^1],7:F1} MB managed  {Left(cluster)} grains left"));
    }

    Console.WriteLine();
    Console.WriteLine("status   answers");
    foreach (var (status, count) in run.Statuses.OrderBy(entry => entry.Key))
        Console.WriteLine($"{(status == 0 ? "left" : status.ToString(CultureInfo.InvariantCulture)),6}   {count,7}");
    foreach (var violation in run.Violations.Take(20))
        Console.WriteLine(violation);
    var grown = memory[^1] - memory[6]; // by then the worker's grammars have filled their budget of 64 MiB
    var left = Left(cluster);
    Console.WriteLine();
    Console.WriteLine(FormattableString.Invariant($"{run.Violations.Count} violations, {left} grains left, memory {(grown >= 0 ? "+" : "")}{grown:F1} MB in the last three tenths"));
    await app.StopAsync();
    return run.Violations.IsEmpty && left == 0 && grown < 16 ? 0 : 1;
}

static int Left(InProcessCluster cluster) => cluster.Activations<IRequestGrain>().Count + cluster.Activations<IResponseGrain>().Count;
