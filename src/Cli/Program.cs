using System.CommandLine;
using Pharos.Cli;

var root = new RootCommand("Pharos: serving of LLM requests that call tools.") { SimulateCommand.Create(), VerifyCommand.Create() };
return await root.Parse(args).InvokeAsync();
