using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI.Chat;

namespace Pharos.EndToEnd.Tests;

/// <summary>The official OpenAI client, with nothing of ours in it but the address.</summary>
[Collection(Shared.Name)]
public sealed class OpenAiClientTests(SharedGateway shared)
{
    private const string Sum = "What is 127*43+9?";

    private static readonly ChatTool Calculator = Tool("calculator", "expression");
    private static readonly ChatTool Weather = Tool("get_weather", "city");

    private PharosGateway Gateway => shared.Gateway;

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Plain_chat_is_answered_with_text_and_usage()
    {
        ChatCompletion completion = await Gateway.Chat().CompleteChatAsync([new UserChatMessage("Hello!")], Greedy());
        Assert.Equal(ChatFinishReason.Stop, completion.FinishReason);
        Assert.NotEmpty(completion.Content[0].Text);
        Assert.Equal("spark", completion.Model);
        Assert.True(completion.Usage.InputTokenCount > 0 && completion.Usage.OutputTokenCount > 0);
        Assert.Equal(completion.Usage.InputTokenCount + completion.Usage.OutputTokenCount, completion.Usage.TotalTokenCount);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Streamed_chat_says_what_the_whole_answer_says()
    {
        ChatCompletion whole = await Gateway.Chat().CompleteChatAsync([new UserChatMessage("Hello!")], Greedy());
        var streamed = await StreamAsync([new UserChatMessage("Hello!")], Greedy());
        Assert.Equal(whole.Content[0].Text, streamed.Text);
        Assert.Equal(whole.FinishReason, streamed.Finish);
        Assert.Equal(whole.Usage.OutputTokenCount, streamed.Usage!.OutputTokenCount);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Tool_result_wakes_the_parked_request_by_its_call_id()
    {
        List<ChatMessage> messages = [new UserChatMessage(Sum)];
        ChatCompletion asked = await Gateway.Chat().CompleteChatAsync(messages, Greedy(Calculator));
        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        var call = Assert.Single(asked.ToolCalls);
        Assert.Equal("calculator", call.FunctionName);
        Assert.Equal("127*43+9", Field(call.FunctionArguments, "expression"));
        Assert.Equal("parked", (await Gateway.RequestAsync(asked.Id)).GetProperty("state").GetString());

        messages.AddRange([new AssistantChatMessage(asked), new ToolChatMessage(call.Id, "5470")]);
        ChatCompletion answered = await Gateway.Chat().CompleteChatAsync(messages, Greedy(Calculator));
        Assert.Equal(ChatFinishReason.Stop, answered.FinishReason);
        Assert.Contains("5470", answered.Content[0].Text);

        var request = await Gateway.RequestAsync(answered.Id);
        Assert.Equal((await Gateway.RequestAsync(asked.Id)).GetProperty("id").GetString(), request.GetProperty("id").GetString());
        Assert.Equal("finished", request.GetProperty("state").GetString());
        Assert.True(request.GetProperty("usage").GetProperty("cachedTokens").GetInt32() > 0);
        Assert.True(answered.Usage.InputTokenDetails.CachedTokenCount >= asked.Usage.InputTokenCount, "prompt and call were in the cache");
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Streamed_tool_call_joins_to_the_same_arguments_and_resumes_as_a_stream()
    {
        List<ChatMessage> messages = [new UserChatMessage(Sum)];
        var asked = await StreamAsync(messages, Greedy(Calculator));
        Assert.Equal(ChatFinishReason.ToolCalls, asked.Finish);
        var call = Assert.Single(asked.Calls);
        Assert.Equal("calculator", call.FunctionName);
        Assert.Equal("127*43+9", Field(call.FunctionArguments, "expression"));

        messages.AddRange([new AssistantChatMessage([call]), new ToolChatMessage(call.Id, "5470")]);
        var answered = await StreamAsync(messages, Greedy(Calculator));
        Assert.Equal(ChatFinishReason.Stop, answered.Finish);
        Assert.Contains("5470", answered.Text);
        Assert.True(answered.Usage!.InputTokenDetails.CachedTokenCount > 0);
        Assert.Equal(RequestOf(asked.Id), RequestOf(answered.Id));
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Conversation_with_one_call_after_another_is_one_request()
    {
        List<ChatMessage> messages = [new UserChatMessage("What is the weather in Oslo and in Paris?")];
        var called = 0;
        var requests = new HashSet<string>();
        ChatCompletion completion;
        while (true)
        {
            completion = await Gateway.Chat().CompleteChatAsync(messages, Greedy(Weather));
            requests.Add(RequestOf(completion.Id));
            if (completion.FinishReason != ChatFinishReason.ToolCalls)
                break;
            messages.Add(new AssistantChatMessage(completion));
            foreach (var call in completion.ToolCalls)
            {
                Assert.NotNull(Field(call.FunctionArguments, "city"));
                messages.Add(new ToolChatMessage(call.Id, $$"""{"temp_c": {{7 + called}}, "sky": "sunny"}"""));
                Assert.True(++called < 20, "the model calls for ever");
            }
        }

        Assert.True(called > 0, "the model called no tool");
        Assert.NotEmpty(completion.Content[0].Text);
        Assert.Single(requests);
        Assert.Equal(called, (await Gateway.RequestAsync(completion.Id)).GetProperty("receipts").GetArrayLength());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Unknown_model_is_404_with_a_sentence()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Gateway.Chat("gpt-9").CompleteChatAsync([new UserChatMessage("Hello!")]));
        Assert.Equal(404, error.Status);
        Assert.Contains("The model 'gpt-9' does not exist here; served: 'spark'.", error.Message);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Too_many_tokens_is_400_that_names_field_and_range()
    {
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 1_000_000 };
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Gateway.Chat().CompleteChatAsync([new UserChatMessage("Hello!")], options));
        Assert.Equal(400, error.Status);
        Assert.Contains("'max_completion_tokens' must be an integer from 1 to ", error.Message);
    }

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(120, " tokens; the model's context is ")]
    [InlineData(2000, " characters; the model's context of ")] // refused before it is encoded
    public async Task Prompt_beyond_the_context_is_400_that_says_how_long_it_is(int sentences, string said)
    {
        var text = string.Concat(Enumerable.Repeat("The quick brown fox jumps over the lazy dog. ", sentences));
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Gateway.Chat().CompleteChatAsync([new UserChatMessage(text)]));
        Assert.Equal(400, error.Status);
        Assert.Contains("context_length_exceeded", error.Message);
        Assert.Contains(said, error.Message);
    }

    private async Task<Streamed> StreamAsync(IEnumerable<ChatMessage> messages, ChatCompletionOptions options)
    {
        var text = new StringBuilder();
        var calls = new SortedDictionary<int, (string Id, string Name, StringBuilder Arguments)>();
        var (id, finish, usage) = ("", (ChatFinishReason?)null, (ChatTokenUsage?)null);
        await foreach (var update in Gateway.Chat().CompleteChatStreamingAsync(messages, options))
        {
            id = update.CompletionId;
            finish ??= update.FinishReason;
            usage ??= update.Usage;
            foreach (var part in update.ContentUpdate)
                text.Append(part.Text);
            foreach (var part in update.ToolCallUpdates)
            {
                if (!calls.TryGetValue(part.Index, out var call))
                    calls[part.Index] = call = (part.ToolCallId, part.FunctionName, new StringBuilder());
                call.Arguments.Append(part.FunctionArgumentsUpdate);
            }
        }

        return new Streamed(
            id, text.ToString(), [.. calls.Values.Select(call => ChatToolCall.CreateFunctionToolCall(call.Id, call.Name, BinaryData.FromString(call.Arguments.ToString())))],
            finish, usage);
    }

    private static ChatCompletionOptions Greedy(params ReadOnlySpan<ChatTool> tools)
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 200 };
        foreach (var tool in tools)
            options.Tools.Add(tool);
        return options;
    }

    private static ChatTool Tool(string name, string argument) => ChatTool.CreateFunctionTool(
        name, name, BinaryData.FromString($$$"""{"type":"object","properties":{"{{{argument}}}":{"type":"string"}},"required":["{{{argument}}}"]}"""));

    private static string? Field(BinaryData arguments, string name) => JsonDocument.Parse(arguments).RootElement.GetProperty(name).GetString();

    /// <summary>The request that a response belongs to: several answers of one request have its id and a number.</summary>
    private static string RequestOf(string response) => response["chatcmpl-".Length..].Split('-')[0];

    private sealed record Streamed(string Id, string Text, IReadOnlyList<ChatToolCall> Calls, ChatFinishReason? Finish, ChatTokenUsage? Usage);
}
