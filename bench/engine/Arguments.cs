namespace Pharos.Bench.Engine;

/// <summary>Options as --name value; a name alone is a switch. A first word without dashes is the command.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> values = [];

    public Arguments(string[] args)
    {
        int at = 0;
        if (args.Length > 0 && !args[0].StartsWith("--", StringComparison.Ordinal))
            Command = args[at++];
        while (at < args.Length)
        {
            string name = args[at++];
            if (!name.StartsWith("--", StringComparison.Ordinal))
                throw new ArgumentException($"'{name}' follows no option; --name value is expected.");
            values[name[2..]] = at < args.Length && !args[at].StartsWith("--", StringComparison.Ordinal) ? args[at++] : "";
        }
    }

    public string Command { get; } = "run";

    /// <summary>As they were given, without the reader's own paths.</summary>
    public override string ToString() => string.Join(' ', values.Where(option => option.Key is not ("work" or "output" or "json"))
        .Select(option => option.Key == "peer" ? "--peer DIR" : $"--{option.Key} {option.Value}".TrimEnd()));

    public bool Has(string name) => values.ContainsKey(name);

    public string? Text(string name) => values.GetValueOrDefault(name);

    public string Text(string name, string fallback) => values.GetValueOrDefault(name, fallback);

    public int[] Integers(string name, string fallback) => [.. Text(name, fallback).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    public T? Choice<T>(string name) where T : struct, Enum => Text(name) is { } value ? Parse<T>(name, value) : null;

    public static T Parse<T>(string name, string value) where T : struct, Enum => Enum.TryParse<T>(value, ignoreCase: true, out var choice)
        ? choice
        : throw new ArgumentException($"--{name} {value}: one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()} is expected.");
}
