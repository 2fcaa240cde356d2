namespace Pharos.Grains.Tools;

/// <summary>
/// The built-in tools as the model sees them: every node of a cluster knows them, whichever hosts them. They run in the gateway
/// behind <c>POST /tools/NAME</c>.
/// </summary>
public static class DemoToolDefinitions
{
    public static IReadOnlyList<ToolDefinition> All { get; } =
    [
        new("calculator", "Evaluates an arithmetic expression with + - * / %, parentheses and decimals.", """
            {"type":"object","properties":{"expression":{"type":"string","description":"For example (3+4)*2"}},"required":["expression"]}
            """.Trim()),
        new("get_weather", "Says the temperature in degrees Celsius and the sky over a city, today.", City),
        new("get_time", "Says the local time of a city, as HH:MM.", City),
        new("convert", "Converts a value from one unit to another: lengths, masses, volumes, temperatures, times, speeds, data, areas, currencies.", """
            {"type":"object","properties":{"value":{"type":"number"},"from":{"type":"string","description":"For example km"},"to":{"type":"string","description":"For example miles"}},"required":["value","from","to"]}
            """.Trim()),
        new("lookup", "Looks a term up in a small dictionary.", """
            {"type":"object","properties":{"term":{"type":"string"}},"required":["term"]}
            """.Trim()),
    ];

    private const string City = """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""";
}
