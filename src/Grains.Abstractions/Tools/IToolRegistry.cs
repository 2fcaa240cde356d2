namespace Pharos.Grains.Tools;

/// <summary>The server-side tools of this process: those configured, and the built-in ones where they are enabled.</summary>
public interface IToolRegistry
{
    IReadOnlyList<ToolDefinition> Tools { get; }
}

/// <param name="Name">The name the model calls it by, and the key of its <see cref="IToolGrain"/>.</param>
/// <param name="Schema">JSON schema of its arguments, as text.</param>
public sealed record ToolDefinition(string Name, string Description, string Schema);
