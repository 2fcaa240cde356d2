using Pharos.Cli;

return await PharosCommand.Create().Parse(args).InvokeAsync();
