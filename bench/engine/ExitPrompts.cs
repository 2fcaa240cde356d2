using Pharos.Inference.Chat;
using Pharos.Inference.Serving;

namespace Pharos.Bench.Engine;

/// <summary>Conversations of the kinds that the embedded model was trained on: easy ones, whose answers repeat what was said, and ones it must think about.</summary>
internal static class ExitPrompts
{
    private static readonly string[] Cities = ["Oslo", "Rome", "Phuket", "Madrid", "Cairo", "Quebec", "Kligu", "Stastar", "Florence", "Asuncion"];
    private static readonly string[] Words = ["waindthair", "zizis", "shutchouck", "lantern", "harbour", "cheelp", "toklin", "vouck"];

    public static int[] Make(ServedModel model, int number)
    {
        var dice = new Random(number);
        string city = Cities[dice.Next(Cities.Length)], word = Words[dice.Next(Words.Length)];
        int a = dice.Next(2, 1000), b = dice.Next(2, 1000);
        ChatMessage[] messages = (number % 10) switch
        {
            0 => [ChatMessage.User($"What is {a}*{b}+3?")],
            1 => [ChatMessage.User($"What is the weather in {city}?")],
            2 => [ChatMessage.User($"count to {dice.Next(5, 30)}")],
            3 => [ChatMessage.User("who are you?")],
            4 => Called($"how many is {a}+{b}, please?", "calculator", $$"""{"expression": "{{a}}+{{b}}"}""", $"{a + b}"),
            5 => Called($"is it sunny in {city} today?", "get_weather", $$"""{"city": "{{city}}"}""", $$"""{"temp_c": {{dice.Next(-20, 40)}}, "sky": "hazy"}"""),
            6 => [ChatMessage.User($"JPY to USD: {a}.{dice.Next(10)}")],
            7 => [ChatMessage.User($"type all letters in the word {word} now")],
            8 => Called($"What do watches say in {city}", "get_time", $$"""{"city": "{{city}}"}""", FormattableString.Invariant($"{dice.Next(24):D2}:{dice.Next(60):D2}")),
            _ => [ChatMessage.User($"word: {word}.")],
        };
        return [.. model.Encode(model.Format.Render(messages, []))];
    }

    private static ChatMessage[] Called(string question, string tool, string arguments, string answer) =>
        [ChatMessage.User(question), ChatMessage.Assistant("", new ChatToolCall("call", tool, arguments)), ChatMessage.Tool("call", answer)];
}
