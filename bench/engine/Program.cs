using Pharos.Bench.Engine;

// How fast the engines are, as shares of the machine's limits and side by side with llama.cpp. Commands:
//   run      tokens per second by batch, depth, weight type and threads (the default)
//   load     seconds from files to an engine that is ready to serve
//   memory   growth of the process against the budget of the KV cache
//   swap     what swapping a cache costs those that decode beside it
//   loop     overhead of the device loop around a step, and what an iteration allocates
//   guess    what guessing ahead brings where an answer quotes, and how many guesses hold
//   exits    what early exits bring, and what they change in answers
//   cache    sequences that a budget holds in each form, and goodput of composed batches beside first come, first served
//   tools    time of requests that call tools, where memory is the bottleneck
//   grammar  what constrained decoding adds to a token
//   gemm     matrix multiplication alone, as a share of the multiply-add peak
// run and swap take --backend torch. See docs/engine-cpu.md and docs/engine-torch.md for options and examples.
try
{
    var arguments = new Arguments(args);
    return arguments.Command switch
    {
        "run" => RunCommand.Run(arguments),
        "load" => LoadCommand.Run(arguments),
        "memory" => MemoryCommand.Run(arguments),
        "swap" => await SwapCommand.RunAsync(arguments),
        "loop" => LoopCommand.Run(arguments),
        "guess" => await GuessCommand.RunAsync(arguments),
        "exits" => await ExitCommand.RunAsync(arguments),
        "cache" => await CacheCommand.RunAsync(arguments),
        "tools" => await ToolsCommand.RunAsync(arguments),
        "grammar" => GrammarCommand.Run(arguments),
        "gemm" => GemmCommand.Run(arguments),
        var other => throw new ArgumentException($"'{other}' is no command; there are: run, load, memory, swap, loop, guess, exits, cache, tools, grammar, gemm."),
    };
}
catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}
