using System.Globalization;

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

    /// <summary>Refuses what a command does not know: a misspelled option would measure something else unnoticed.</summary>
    /// <exception cref="ArgumentException">Names the option.</exception>
    public void Expect(params ReadOnlySpan<string> known)
    {
        foreach (string name in values.Keys)
        {
            if (!known.Contains(name))
                throw new ArgumentException(
                    $"--{name} is no option of {Command}; there {(known.IsEmpty ? "are none" : "are: --" + string.Join(", --", known!))}.");
        }
    }

    /// <summary>As they were given, without the reader's own paths.</summary>
    public override string ToString() => string.Join(' ', values.Where(option => option.Key is not ("work" or "output" or "json"))
        .Select(option => option.Key == "peer" ? "--peer DIR" : $"--{option.Key} {option.Value}".TrimEnd()));

    /// <summary>The GPU engine is measured rather than the CPU engine.</summary>
    public bool Torch => Text("backend", "cpu") switch
    {
        "cpu" => false,
        "torch" => true,
        var other => throw new ArgumentException($"--backend {other}: cpu or torch is expected."),
    };

    public bool Has(string name) => values.ContainsKey(name);

    public string? Text(string name) => values.GetValueOrDefault(name);

    public string Text(string name, string fallback) => values.GetValueOrDefault(name, fallback);

    /// <summary>A whole number.</summary>
    public int Number(string name, int fallback) => Text(name) is { } value ? Whole(name, value) : fallback;

    /// <summary>More than 0 and at most 1.</summary>
    public double Fraction(string name, double fallback) => Text(name) is not { } value ? fallback
        : double.TryParse(value, CultureInfo.InvariantCulture, out double number) && number is > 0 and <= 1 ? number
        : throw new ArgumentException($"--{name} {value}: more than 0 and at most 1 is expected.");

    /// <summary>Whole numbers with commas between.</summary>
    public int[] Integers(string name, string fallback) => [.. Text(name, fallback).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(value => Whole(name, value))];

    public T? Choice<T>(string name) where T : struct, Enum => Text(name) is { } value ? Parse<T>(name, value) : null;

    private static int Whole(string name, string value) => int.TryParse(value, CultureInfo.InvariantCulture, out int number) && number >= 0
        ? number
        : throw new ArgumentException($"--{name} {value}: a whole number is expected.");

    public static T Parse<T>(string name, string value) where T : struct, Enum => Enum.TryParse<T>(value, ignoreCase: true, out var choice)
        ? choice
        : throw new ArgumentException($"--{name} {value}: one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()} is expected.");
}
