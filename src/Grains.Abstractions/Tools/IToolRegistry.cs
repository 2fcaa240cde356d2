namespace Pharos.Grains.Tools;

/// <summary>The server-side tools this cluster knows.</summary>
public interface IToolRegistry
{
    IReadOnlyList<ToolDefinition> Tools { get; }
}

/// <param name="Schema">JSON schema of the arguments, as text.</param>
public sealed record ToolDefinition(string Name, string Description, string Schema);
