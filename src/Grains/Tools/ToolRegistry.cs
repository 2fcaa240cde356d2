using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Grains.Tools;

/// <summary>The server-side tools: those of the configuration, and the built-in ones once their address is known.</summary>
public sealed class ToolRegistry : IToolRegistry
{
    private ImmutableSortedDictionary<string, RegisteredTool> tools;
    private IReadOnlyList<ToolDefinition> definitions;

    /// <param name="options">Checked by <see cref="ToolOptionsValidator"/>.</param>
    public ToolRegistry(IOptions<PharosOptions> options)
    {
        tools = options.Value.Tools.ToImmutableSortedDictionary(
            tool => tool.Key, tool => RegisteredTool.From(tool.Key, tool.Value), StringComparer.Ordinal);
        definitions = Definitions();
    }

    /// <summary>By name.</summary>
    public IReadOnlyList<ToolDefinition> Tools => Volatile.Read(ref definitions);

    /// <summary>Null when nobody registered it.</summary>
    public RegisteredTool? Find(string name) => Volatile.Read(ref tools).GetValueOrDefault(name);

    /// <summary>Registers the built-in tools below <paramref name="baseUrl"/>. A configured tool of the same name stays.</summary>
    /// <param name="baseUrl">Root of the server that hosts them, on loopback.</param>
    public void AddDemo(Uri baseUrl)
    {
        var demo = DemoToolDefinitions.All.Select(definition => RegisteredTool.From(definition.Name, new ToolOptions
        {
            Description = definition.Description,
            Schema = definition.Schema,
            Url = new Uri(baseUrl, $"/tools/{definition.Name}").AbsoluteUri,
            AllowPrivateNetwork = true, // they are ours, and on loopback
        }));
        Volatile.Write(ref tools, demo.Aggregate(tools, (all, tool) => all.ContainsKey(tool.Definition.Name) ? all : all.Add(tool.Definition.Name, tool)));
        Volatile.Write(ref definitions, Definitions());
    }

    private IReadOnlyList<ToolDefinition> Definitions() => [.. tools.Values.Select(tool => tool.Definition)];
}
