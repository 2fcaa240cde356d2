using Spectre.Console;

namespace Pharos.Cli.Cluster;

/// <summary>Text for people: as wide as the terminal, or as wide as it needs where a file or another program takes it.</summary>
internal static class Terminal
{
    private const int Unbounded = 240;

    public static IAnsiConsole For(TextWriter output)
    {
        var isTerminal = output == Console.Out && !Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        if (!isTerminal)
            console.Profile.Width = Unbounded;
        return console;
    }

    /// <param name="columns">Those that begin with '>' are numbers.</param>
    public static Table Table(params IEnumerable<string> columns)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var column in columns)
            table.AddColumn(column.StartsWith('>') ? new TableColumn(column[1..]).RightAligned() : new TableColumn(column));
        return table;
    }

    /// <summary>A state with its colour.</summary>
    public static string State(string state) => state switch
    {
        "active" or "running" or "finished" => $"[green]{state}[/]",
        "draining" or "drained" or "cordoned" or "calling_tools" or "parked" => $"[yellow]{state}[/]",
        "failed" or "cancelled" => $"[red]{state}[/]",
        _ => Markup.Escape(state),
    };
}
