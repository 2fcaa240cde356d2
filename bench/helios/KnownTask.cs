using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pharos.Bench.Helios;

/// <summary>A request whose right answer is known: text, or a call with its arguments.</summary>
/// <param name="Expected">The answer's text, or <c>NAME ARGUMENTS</c> of the call it should end in.</param>
internal sealed record KnownTask(JsonArray Messages, string Expected)
{
    private static readonly string[] Cities = ["Oslo", "Rome", "Phuket", "Madrid", "Cairo", "Quebec", "Kligu", "Stastar", "Florence", "Asuncion", "Vienna", "Lisbon"];
    private static readonly string[] Words = ["waindthair", "zizis", "shutchouck", "lantern", "harbour", "cheelp", "toklin", "vouck", "meadow", "copper"];

    /// <summary>Half of them repeat what was said; the others put several numbers or results together.</summary>
    public static KnownTask Make(int number)
    {
        var dice = new Random(number * 7919 + 1);
        string city = Pick(dice, Cities), other = Pick(dice, Cities), word = Pick(dice, Words);
        int a = dice.Next(2, 1000), b = dice.Next(2, 1000), c = dice.Next(2, 100), warm = dice.Next(1, 40), cold = dice.Next(-20, 40);
        var clock = FormattableString.Invariant($"{dice.Next(24):D2}:{dice.Next(60):D2}");
        return (number % 10) switch
        {
            0 => Ask($"What is the weather in {city}?", Call("get_weather", City(city))),
            1 => Ask($"What time is it in {city}?", Call("get_time", City(city))),
            2 => Ask($"say {word}", word),
            3 => Ask($"count to {c % 19 + 2}", string.Join(' ', Enumerable.Range(1, c % 19 + 2))),
            4 => Ask($"What time is it in {city}?", $"It is {clock} in {city}.", ("get_time", City(city), clock)),
            5 => Ask($"What is {a}*{b}+{c}?", Call("calculator", Expression($"{a}*{b}+{c}"))),
            6 => Ask($"What is {a}+{b}-{c}?", $"{a}+{b}-{c} is {a + b - c}.", ("calculator", Expression($"{a}+{b}-{c}"), $"{a + b - c}")),
            7 => Ask(
                $"What is the difference between the temperatures of {city} and {other}?", Call("calculator", Expression($"{warm}-{(cold < 0 ? $"({cold})" : cold)}")),
                ("get_weather", City(city), Weather(warm, "cloudy")), ("get_weather", City(other), Weather(cold, "sunny"))),
            8 => Ask($"What is the weather in {city} and {other}?", $"{city}: {warm} C, cloudy. {other}: {cold} C, sunny.", ("get_weather", City(city), Weather(warm, "cloudy")), ("get_weather", City(other), Weather(cold, "sunny"))),
            _ => Ask($"convert {a} km to miles", Call("convert", $$"""{"value": {{a}}, "from": "km", "to": "miles"}""")),
        };
    }

    /// <summary>As a body of the chat API; the embedded models know their tools by training.</summary>
    public string Body(string model) => new JsonObject
    {
        ["model"] = model, ["messages"] = Messages.DeepClone(), ["max_tokens"] = 160, ["temperature"] = 0,
        ["tools"] = new JsonArray([.. new[] { "calculator", "get_weather", "get_time", "convert" }.Select(name =>
            (JsonNode)new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = name, ["parameters"] = new JsonObject { ["type"] = "object" } } })]),
    }.ToJsonString();

    /// <summary>What a response says, in the form of <see cref="Expected"/>.</summary>
    public static string Said(JsonElement message) => message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array
        ? string.Join('\n', calls.EnumerateArray().Select(call => Call(call.GetProperty("function").GetProperty("name").GetString()!, call.GetProperty("function").GetProperty("arguments").GetString()!)))
        : message.GetProperty("content").GetString() ?? "";

    private static KnownTask Ask(string question, string expected, params (string Tool, string Arguments, string Result)[] before)
    {
        var messages = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question });
        foreach (var (index, (tool, arguments, result)) in before.Index())
        {
            messages.Add(new JsonObject
            {
                ["role"] = "assistant", ["content"] = null,
                ["tool_calls"] = new JsonArray(new JsonObject { ["id"] = $"call{index}", ["type"] = "function", ["function"] = new JsonObject { ["name"] = tool, ["arguments"] = arguments } }),
            });
            messages.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = $"call{index}", ["content"] = result });
        }
        return new KnownTask(messages, expected);
    }

    private static string Call(string name, string arguments) => $"{name} {arguments}";

    private static string City(string city) => $$"""{"city": "{{city}}"}""";

    private static string Expression(string text) => $$"""{"expression": "{{text}}"}""";

    private static string Weather(int degrees, string sky) => $$"""{"temp_c": {{degrees}}, "sky": "{{sky}}"}""";

    private static string Pick(Random dice, string[] from) => from[dice.Next(from.Length)];
}
