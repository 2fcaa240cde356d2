namespace Pharos.Bench.Engine;

internal static class Arguments
{
    /// <summary>Pairs of --name value.</summary>
    public static Dictionary<string, string> Parse(string[] args)
    {
        if (args.Length % 2 != 0 || args.Where((_, i) => i % 2 == 0).Any(name => !name.StartsWith("--")))
            throw new ArgumentException($"Pairs of --name value are expected, not: {string.Join(' ', args)}");
        return args.Chunk(2).ToDictionary(pair => pair[0][2..], pair => pair[1]);
    }

    public static T? Choice<T>(Dictionary<string, string> options, string name) where T : struct, Enum =>
        options.TryGetValue(name, out string? value) ? Enum.Parse<T>(value, ignoreCase: true) : null;

    /// <summary>The processor's name, where the system tells it.</summary>
    public static string Processor()
    {
        const string information = "/proc/cpuinfo";
        string? line = File.Exists(information) ? File.ReadLines(information).FirstOrDefault(l => l.StartsWith("model name")) : null;
        return line?[(line.IndexOf(':') + 2)..] ?? System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
    }
}
