using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Grains.Tools;

/// <summary>The server-side tools: those of the configuration, and the built-in ones once their address is known.</summary>
public sealed class ToolRegistry : IToolRegistry
{
    private readonly Lock gate = new();
    private ImmutableDictionary<string, RegisteredTool> demo = ImmutableDictionary<string, RegisteredTool>.Empty;
    private ImmutableDictionary<string, RegisteredTool> configured = ImmutableDictionary<string, RegisteredTool>.Empty;
    private ImmutableSortedDictionary<string, RegisteredTool> tools = ImmutableSortedDictionary<string, RegisteredTool>.Empty;
    private IReadOnlyList<ToolDefinition> definitions = [];

    /// <param name="options">Checked by <see cref="ToolOptionsValidator"/>.</param>
    public ToolRegistry(IOptions<PharosOptions> options) => Configure(options.Value.Tools);

    /// <summary>By name.</summary>
    public IReadOnlyList<ToolDefinition> Tools => Volatile.Read(ref definitions);

    /// <summary>Null when nobody registered it.</summary>
    public RegisteredTool? Find(string name) => Volatile.Read(ref tools).GetValueOrDefault(name);

    /// <summary>The configured tools are these from now on. One that is as it was stays the same object: its calls, circuit and places go on.</summary>
    /// <param name="options">Checked.</param>
    public void Configure(IReadOnlyDictionary<string, ToolOptions> options)
    {
        lock (gate)
        {
            configured = options.ToImmutableDictionary(
                tool => tool.Key,
                tool => RegisteredTool.From(tool.Key, tool.Value) is var fresh && configured.GetValueOrDefault(tool.Key) is { } known && known == fresh ? known : fresh,
                StringComparer.Ordinal);
            Publish();
        }
    }

    /// <summary>Registers the built-in tools below <paramref name="baseUrl"/>. A configured tool of the same name goes before.</summary>
    /// <param name="baseUrl">Root of the server that hosts them, on loopback.</param>
    public void AddDemo(Uri baseUrl)
    {
        lock (gate)
        {
            demo = DemoToolDefinitions.All.ToImmutableDictionary(definition => definition.Name, definition => RegisteredTool.From(definition.Name, new ToolOptions
            {
                Description = definition.Description,
                Schema = definition.Schema,
                Url = new Uri(baseUrl, $"/tools/{definition.Name}").AbsoluteUri,
                AllowPrivateNetwork = true, // they are ours, and on loopback
            }), StringComparer.Ordinal);
            Publish();
        }
    }

    private void Publish()
    {
        var all = demo.SetItems(configured).ToImmutableSortedDictionary(StringComparer.Ordinal);
        Volatile.Write(ref tools, all);
        Volatile.Write(ref definitions, [.. all.Values.Select(tool => tool.Definition)]);
    }
}
