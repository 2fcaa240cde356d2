using System.CommandLine;
using Pharos.Cli.Bench;
using Pharos.Cli.Cluster;

namespace Pharos.Cli;

/// <summary>All commands.</summary>
internal static class PharosCommand
{
    public static RootCommand Create()
    {
        var root = new RootCommand("Pharos: serving of LLM requests that call tools.") { ChatCommand.Create() };
        foreach (var command in WorkerCommands.All().Concat(RequestCommands.All()).Concat(PoolCommands.All()))
            root.Add(command);
        root.Add(new Command("bench", "Measure a server.") { ServeCommand.Create() });
        root.Add(SimulateCommand.Create());
        root.Add(VerifyCommand.Create());
        root.Add(CompletionCommand.Create());
        return root;
    }
}
