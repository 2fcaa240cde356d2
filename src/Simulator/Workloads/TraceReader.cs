using System.Collections.Immutable;
using System.IO.Compression;
using Pharos.Simulator.Workloads.Formats;

namespace Pharos.Simulator.Workloads;

/// <summary>Reads a recorded workload of any known format, gzipped or not: the columns say which it is, whatever the file is called.</summary>
public static class TraceReader
{
    // In order: what asks for more columns first.
    private static readonly ImmutableArray<ITraceFormat> Formats =
    [
        new TurnsFormat(), new CodingAgentFormat(), new AgentCallsFormat(), new ConversationFormat(), new ReactFormat(), new ServeGenFormat(),
        new TimedLengthsFormat(), new LengthsFormat(), new MooncakeFormat(), .. IncompleteFormat.All,
    ];

    /// <exception cref="FormatException">A row cannot be read; the message names file, line, column, and what was expected.</exception>
    public static IWorkload Read(string path)
    {
        using var text = OpenText(path);
        return Read(text, path);
    }

    /// <param name="path">Names the file in messages; formats of two files find the other one beside it.</param>
    public static IWorkload Read(TextReader text, string path)
    {
        var table = TraceTable.Open(text, path);
        var format = Formats.FirstOrDefault(format => table.Has(format.Columns)) ?? throw Unknown(table);
        return format.Read(table);
    }

    private static FormatException Unknown(TraceTable table)
    {
        var nearest = Formats.MaxBy(format => (double)format.Columns.Count(table.Has) / format.Columns.Length)!;
        var missing = nearest.Columns.Where(column => !table.Has(column)).ToList();
        var guess = missing.Count < nearest.Columns.Length ? $" Nearest is {nearest.Name}, of which columns {string.Join(", ", missing)} are missing." : "";
        return new FormatException(
            $"{table.File}, line 1: no known format has the columns {string.Join(", ", table.Columns)}.{guess} Known are:\n"
            + string.Join('\n', Formats.Where(format => format is not IncompleteFormat).Select(format => $"  {format.Name}: {string.Join(", ", format.Columns)}")));
    }

    internal static TextReader OpenText(string path)
    {
        var file = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[2];
        var zipped = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
        file.Position = 0;
        return new StreamReader(zipped ? new GZipStream(file, CompressionMode.Decompress) : file);
    }
}
