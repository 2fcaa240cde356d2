using System.ClientModel;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpenAI.Chat;

namespace Pharos.EndToEnd.Tests;

/// <summary>Whether, which and how many tools are called is the client's to say: the model is asked for small talk, and calls what it must.</summary>
[Collection(Shared.Name)]
public sealed class ToolChoiceTests(SharedGateway shared)
{
    private const string City = """{"type":"object","properties":{"city":{"type":"string","maxLength":12},"days":{"enum":[1,7]}},"required":["city","days"],"additionalProperties":false}""";

    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool("get_weather", "Weather of a city", BinaryData.FromString(City), functionSchemaIsStrict: true);
    private static readonly ChatTool Calculator = ChatTool.CreateFunctionTool("calculator", "Sums");

    private ChatClient Chat => shared.Gateway.Chat();

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Required_call_is_made_where_the_model_would_rather_talk(bool streaming)
    {
        var (finish, calls, content) = await AskAsync("Hello!", Options(ChatToolChoice.CreateRequiredChoice(), Weather, Calculator), streaming);
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        Assert.NotEmpty(calls);
        Assert.Equal("", content);
        Assert.All(calls, call => Assert.Contains(call.Name, (string[])["get_weather", "calculator"]));
        Assert.All(calls, call => Assert.Equal(JsonValueKind.Object, call.Arguments.ValueKind));
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Named_tool_is_the_one_that_is_called_and_its_arguments_keep_the_schema(bool streaming)
    {
        var options = Options(ChatToolChoice.CreateFunctionChoice("get_weather"), Weather, Calculator);
        options.AllowParallelToolCalls = false;
        var (finish, calls, _) = await AskAsync("What is 127*43+9?", options, streaming);
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        var (name, arguments) = Assert.Single(calls);
        Assert.Equal("get_weather", name);
        Assert.Equal(["city", "days"], arguments.EnumerateObject().Select(member => member.Name));
        Assert.Contains(arguments.GetProperty("days").GetInt32(), (int[])[1, 7]);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Automatic_call_of_a_strict_tool_keeps_the_schema_too()
    {
        var (finish, calls, _) = await AskAsync("What is the weather in Oslo?", Options(ChatToolChoice.CreateAutoChoice(), Weather), streaming: true);
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        Assert.All(calls, call => Assert.StartsWith("Oslo", call.Arguments.GetProperty("city").GetString()));
        Assert.All(calls, call => Assert.Contains(call.Arguments.GetProperty("days").GetInt32(), (int[])[1, 7])); // which the model has never heard of
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task No_tool_is_called_where_none_may_be_and_text_is_free()
    {
        var (finish, calls, content) = await AskAsync("What is the weather in Oslo?", Options(ChatToolChoice.CreateNoneChoice(), Weather), streaming: false);
        Assert.NotEqual(ChatFinishReason.ToolCalls, finish);
        Assert.Empty(calls);
        Assert.NotEqual("", content);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Allowed_tools_are_the_only_ones()
    {
        var body = Wire.Ask("What is the weather in Oslo?", body => body["tool_choice"] = JsonNode.Parse(
            """{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"calculator"}}]}}"""));
        var reply = await shared.Gateway.Http.PostAsync(body.WithTools("get_weather", "calculator"));
        var calls = reply.Choice.GetProperty("message").GetProperty("tool_calls").EnumerateArray().ToList();
        Assert.NotEmpty(calls);
        Assert.All(calls, call => Assert.Equal("calculator", call.GetProperty("function").GetProperty("name").GetString()));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Several_calls_of_one_answer_resume_when_all_results_are_there()
    {
        // The embedded model was taught one call at a time. A simulated device has no wishes within a grammar: now and then it draws another call.
        await using var gateway = await PharosGateway.StartAsync("Backend=simulated", "Simulated:TokensPerSecond=0", "Simulated:MinTokens=5", "Simulated:MaxTokens=20");
        List<ChatMessage> messages = [new UserChatMessage("How is it everywhere?")];
        var options = Options(ChatToolChoice.CreateRequiredChoice(), ChatTool.CreateFunctionTool("look", "", BinaryData.FromString("""{"type":"object","properties":{"at":{"enum":["a","b"]}},"required":["at"],"additionalProperties":false}""")));
        ChatCompletion asked;
#pragma warning disable OPENAI001 // the client's seed is marked as an experiment
        for (options.Seed = 1; ; options.Seed++)
        {
            Assert.True(options.Seed < 50, "no answer has two calls");
            options.Temperature = 2;
            asked = await gateway.Chat().CompleteChatAsync(messages, options);
            if (asked.ToolCalls.Count > 1)
                break;
        }
#pragma warning restore OPENAI001
        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        Assert.Equal(asked.ToolCalls.Count, asked.ToolCalls.Select(call => call.Id).Distinct().Count());

        messages.Add(new AssistantChatMessage(asked));
        messages.Add(new ToolChatMessage(asked.ToolCalls[0].Id, "1"));
        var early = await Assert.ThrowsAsync<ClientResultException>(() => gateway.Chat().CompleteChatAsync(messages));
        Assert.Contains(asked.ToolCalls[1].Id, early.Message); // the result that is missing

        messages.AddRange(asked.ToolCalls.Skip(1).Select(call => new ToolChatMessage(call.Id, "2")));
        options.ToolChoice = ChatToolChoice.CreateAutoChoice();
        ChatCompletion answered = await gateway.Chat().CompleteChatAsync(messages, options);
        Assert.NotEmpty(answered.Content[0].Text);
        Assert.StartsWith(asked.Id, answered.Id, StringComparison.Ordinal); // the same request went on
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Required_tool_that_the_cluster_runs_is_called_once_and_then_answered()
    {
        var reply = await shared.Gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?", body => body["tool_choice"] = "required").RunTools());
        Assert.Equal("stop", reply.Choice.GetProperty("finish_reason").GetString());
        Assert.Contains("5470", reply.Content);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Tool_that_is_not_offered_is_refused_by_name()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(
            () => Chat.CompleteChatAsync([new UserChatMessage("Hello!")], Options(ChatToolChoice.CreateFunctionChoice("get_time"), Weather)));
        Assert.Equal(400, error.Status);
        Assert.Contains("\"get_time\", which is not in 'tools'", error.Message);
    }

    private async Task<(ChatFinishReason? Finish, List<(string Name, JsonElement Arguments)> Calls, string Content)> AskAsync(string question, ChatCompletionOptions options, bool streaming)
    {
        var (finish, content, calls) = ((ChatFinishReason?)null, new StringBuilder(), new SortedDictionary<int, (string Name, StringBuilder Arguments)>());
        if (!streaming)
        {
            ChatCompletion whole = await Chat.CompleteChatAsync([new UserChatMessage(question)], options);
            return (whole.FinishReason, [.. whole.ToolCalls.Select(call => (call.FunctionName, Json(call.FunctionArguments.ToString())))], string.Concat(whole.Content.Select(part => part.Text)));
        }
        await foreach (var update in Chat.CompleteChatStreamingAsync([new UserChatMessage(question)], options))
        {
            finish ??= update.FinishReason;
            content.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
            foreach (var part in update.ToolCallUpdates)
            {
                calls.TryAdd(part.Index, (part.FunctionName, new StringBuilder()));
                calls[part.Index].Arguments.Append(part.FunctionArgumentsUpdate);
            }
        }
        return (finish, [.. calls.Values.Select(call => (call.Name, Json(call.Arguments.ToString())))], content.ToString());
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    private static ChatCompletionOptions Options(ChatToolChoice choice, params ReadOnlySpan<ChatTool> tools)
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 300, ToolChoice = choice };
        foreach (var tool in tools)
            options.Tools.Add(tool);
        return options;
    }
}
