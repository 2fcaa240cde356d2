using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Pharos.Cli.Cluster;

/// <summary>What every command that talks to a cluster has: where it is, the key, and whether a person or a program reads.</summary>
internal sealed class ClusterCommand : Command
{
    public const string DefaultUrl = "http://localhost:8080";

    private readonly Option<string> url = new("--url")
    {
        Description = $"the gateway; by itself PHAROS_URL, or {DefaultUrl}",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("PHAROS_URL") is { Length: > 0 } told ? told : DefaultUrl,
    };

    private readonly Option<string?> key = new("--key") { Description = "API key; by itself PHAROS_API_KEY" };
    private readonly Option<bool> json = new("--json") { Description = "JSON instead of text for people" };

    /// <param name="act">Gives the exit status.</param>
    public ClusterCommand(string name, string description, Func<Session, CancellationToken, Task<int>> act, params IEnumerable<Symbol> symbols)
        : base(name, description)
    {
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                Add(argument);
            else
                Add((Option)symbol);
        }

        Add(url);
        Add(key);
        Add(json);
        SetAction((parsed, ct) => Run(parsed, act, ct));
    }

    private async Task<int> Run(ParseResult parsed, Func<Session, CancellationToken, Task<int>> act, CancellationToken ct)
    {
        var (output, errors) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        try
        {
            using var client = new ClusterClient(parsed.GetValue(url)!, parsed.GetValue(key) ?? Environment.GetEnvironmentVariable("PHAROS_API_KEY"));
            return await act(new Session(client, parsed, output, parsed.GetValue(json)), ct);
        }
        catch (Exception error) when (error is ClusterException or ArgumentException or FormatException or IOException or InvalidDataException)
        {
            await errors.WriteLineAsync(error.Message);
            return 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return 130; // as shells say of a program that was interrupted
        }
    }
}

/// <summary>One run of a command.</summary>
internal sealed class Session(ClusterClient client, ParseResult parsed, TextWriter output, bool json)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public ClusterClient Client => client;

    public ParseResult Parsed => parsed;

    public TextWriter Output => output;

    /// <summary>A program reads.</summary>
    public bool IsJson => json;

    /// <summary>For people; plain text where the output is no terminal.</summary>
    public IAnsiConsole Console { get; } = Terminal.For(output);

    /// <summary>Writes an answer as it came, or lets <paramref name="show"/> tell it.</summary>
    public int Answer(JsonElement answer, Action<JsonElement> show)
    {
        if (json)
            output.WriteLine(JsonSerializer.Serialize(answer, Indented));
        else
            show(answer);
        return 0;
    }
}
