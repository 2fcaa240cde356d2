using System.CommandLine;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using static Pharos.Cli.Cluster.Said;

namespace Pharos.Cli.Cluster;

/// <summary><c>pharos chat</c>: a conversation in the terminal. Answers stream; the cluster runs its tools, and each call is shown.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        var prompt = new Argument<string?>("PROMPT") { Description = "one question; without it a conversation, a line a turn, until /quit", Arity = ArgumentArity.ZeroOrOne };
        var model = new Option<string?>("--model") { Description = "by itself the first that the gateway lists" };
        var system = new Option<string?>("--system") { Description = "the system's message" };
        var noTools = new Option<bool>("--no-tools") { Description = "without the cluster's tools" };
        var maxTokens = new Option<int?>("--max-tokens") { Description = "most tokens of an answer" };
        var temperature = new Option<double?>("--temperature") { Description = "0 to 2" };
        return new ClusterCommand(
            "chat", "Talk with the model; answers stream, and tool calls are shown.",
            async (session, ct) =>
            {
                var parsed = session.Parsed;
                var chat = new Conversation(session, parsed.GetValue(model) ?? await Models.First(session, ct), parsed.GetValue(system), !parsed.GetValue(noTools), parsed.GetValue(maxTokens), parsed.GetValue(temperature));
                if (parsed.GetValue(prompt) is { } question)
                    await chat.Ask(question, ct);
                else
                    await Talk(session, chat, ct);
                return 0;
            },
            prompt, model, system, noTools, maxTokens, temperature);
    }

    private static async Task Talk(Session session, Conversation chat, CancellationToken ct)
    {
        var isTerminal = !System.Console.IsInputRedirected;
        if (isTerminal && !session.IsJson)
            session.Console.MarkupLine($"[grey]{Plain(chat.Model)} at {session.Client.Root}; /clear begins anew, /quit ends[/]");
        while (true)
        {
            if (isTerminal && !session.IsJson)
                session.Console.Markup("[bold cyan]you[/] ");
            if (await System.Console.In.ReadLineAsync(ct) is not { } line || line.Trim() is "/quit" or "/exit")
                return;
            if (line.Trim() == "/clear")
                chat.Clear();
            else if (line.Trim().Length > 0)
                await chat.Ask(line, ct);
        }
    }

    private sealed class Conversation(Session session, string model, string? system, bool runTools, int? maxTokens, double? temperature)
    {
        private readonly List<(string Role, string Content)> turns = [];

        public string Model => model;

        public void Clear() => turns.Clear();

        public async Task Ask(string question, CancellationToken ct)
        {
            turns.Add(("user", question));
            var (answer, calls, usage) = (new StringBuilder(), new JsonArray(), default(JsonElement));
            await foreach (var said in session.Client.Stream("v1/chat/completions", Body.Of(Request()), ct))
            {
                if (said.Data == "[DONE]")
                    break;
                var data = Parse(said);
                if (data.Find("error") is { ValueKind: JsonValueKind.Object } error)
                    throw new ClusterException(error.Text("message"));
                if (data.Find("usage").IsThere())
                    usage = data.GetProperty("usage");
                if (said.EventType.StartsWith("pharos.", StringComparison.Ordinal))
                    Show(said.EventType, data, calls);
                else
                    Write(data, answer);
            }

            turns.Add(("assistant", answer.ToString()));
            if (session.IsJson)
                session.Answer(Body.Of(new JsonObject { ["model"] = model, ["content"] = answer.ToString(), ["toolCalls"] = calls, ["usage"] = JsonNode.Parse(usage.IsThere() ? usage.GetRawText() : "null") }), _ => { });
            else
                session.Output.WriteLine();
        }

        private JsonObject Request()
        {
            var messages = new JsonArray();
            foreach (var (role, content) in system is null ? turns : [("system", system), .. turns])
                messages.Add(new JsonObject { ["role"] = role, ["content"] = content });
            var body = new JsonObject { ["model"] = model, ["stream"] = true, ["stream_options"] = new JsonObject { ["include_usage"] = true }, ["messages"] = messages };
            if (runTools)
                body["pharos"] = new JsonObject { ["run_tools"] = true };
            if (maxTokens is { } most)
                body["max_tokens"] = most;
            if (temperature is { } heat)
                body["temperature"] = heat;
            return body;
        }

        private void Write(JsonElement chunk, StringBuilder answer)
        {
            foreach (var choice in chunk.Each("choices"))
            {
                var text = choice.Find("delta").Text("content");
                answer.Append(text);
                if (session.IsJson)
                    continue;
                session.Output.Write(text);
                session.Output.Flush();
            }
        }

        private void Show(string kind, JsonElement data, JsonArray calls)
        {
            if (kind == "pharos.tool_result")
                calls.Add(JsonNode.Parse(data.GetRawText()));
            if (session.IsJson)
                return;
            session.Console.MarkupLine(kind == "pharos.tool_call"
                ? $"[yellow]  -> {Plain(data.Text("name"))}({Plain(data.Text("arguments"))})[/]"
                : $"[yellow]  <- {Plain(data.Text("result"))}[/] [grey]{Seconds(data.Number("seconds"))}[/]");
        }

        private static JsonElement Parse(SseItem<string> said)
        {
            try
            {
                return JsonSerializer.Deserialize<JsonElement>(said.Data);
            }
            catch (JsonException)
            {
                throw new ClusterException($"The stream holds no JSON: {said.Data}");
            }
        }
    }
}
