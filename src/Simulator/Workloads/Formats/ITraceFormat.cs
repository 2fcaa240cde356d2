using System.Collections.Immutable;

namespace Pharos.Simulator.Workloads.Formats;

/// <summary>One way in which workloads are published. A class a format, recognised by its columns.</summary>
internal interface ITraceFormat
{
    string Name { get; }

    /// <summary>Columns (of JSON lines: fields) that a file of this format has.</summary>
    ImmutableArray<string> Columns { get; }

    /// <exception cref="FormatException">A row cannot be read; the message names file, line, column, and what was expected.</exception>
    IWorkload Read(TraceTable table);
}
