using System.CommandLine;
using Pharos.Cli;

var root = new RootCommand("Pharos: serving of LLM requests that call tools.") { SimulateCommand.Create() };
return root.Parse(args).Invoke();
