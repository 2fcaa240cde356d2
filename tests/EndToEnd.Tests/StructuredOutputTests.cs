using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpenAI.Chat;

namespace Pharos.EndToEnd.Tests;

/// <summary>Answers in a form: the embedded model has never heard of it, so what holds it are the masks alone.</summary>
[Collection(Shared.Name)]
public sealed class StructuredOutputTests(SharedGateway shared)
{
    private const string Report = """
        {"type":"object","properties":{"city":{"type":"string","maxLength":12},"temperature":{"type":"integer"},"sky":{"enum":["sunny","grey"]},"wind":{"type":["integer","null"]}},
         "required":["city","temperature","sky","wind"],"additionalProperties":false}
        """;

    private PharosGateway Gateway => shared.Gateway;

    [Theory(Timeout = PharosGateway.GuardMilliseconds)]
    [InlineData(0f, 1)]
    [InlineData(1f, 2)]
    [InlineData(2f, 3)]
    public async Task Answer_keeps_the_schema_streamed_or_whole(float temperature, long seed)
    {
        List<ChatMessage> messages = [new UserChatMessage("How is the weather in Oslo?")];
        ChatCompletion whole = await Gateway.Chat().CompleteChatAsync(messages, Structured(temperature, seed));
        Assert.Equal(ChatFinishReason.Stop, whole.FinishReason);
        AssertReport(whole.Content[0].Text);

        var streamed = new StringBuilder();
        await foreach (var update in Gateway.Chat().CompleteChatStreamingAsync(messages, Structured(temperature, seed)))
            streamed.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
        Assert.Equal(whole.Content[0].Text, streamed.ToString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Tool_may_be_called_first_and_what_follows_its_result_is_a_call_or_keeps_the_schema()
    {
        var options = Structured(0, 1);
        options.Tools.Add(ChatTool.CreateFunctionTool("get_weather", "Weather of a city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}""")));
        List<ChatMessage> messages = [new UserChatMessage("What is the weather in Oslo?")];
        ChatCompletion asked = await Gateway.Chat().CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        var call = Assert.Single(asked.ToolCalls);
        Assert.Equal("Oslo", JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("city").GetString());

        messages.AddRange([new AssistantChatMessage(asked), new ToolChatMessage(call.Id, """{"temp_c": 7, "sky": "sunny"}""")]);
        for (var turn = 0; turn < 3; turn++)
        {
            ChatCompletion answered = await Gateway.Chat().CompleteChatAsync(messages, options);
            if (answered.FinishReason == ChatFinishReason.Stop)
            {
                AssertReport(answered.Content[0].Text);
                return;
            }
            Assert.Equal(ChatFinishReason.ToolCalls, answered.FinishReason); // this model likes calls better than forms
            Assert.All(answered.ToolCalls, again => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(again.FunctionArguments).RootElement.ValueKind));
            messages.Add(new AssistantChatMessage(answered));
            messages.AddRange(answered.ToolCalls.Select(again => new ToolChatMessage(again.Id, """{"temp_c": 7, "sky": "sunny"}""")));
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Any_object_is_begun_as_one_and_what_is_cut_says_length()
    {
        var reply = await Gateway.Http.PostAsync(Wire.Ask("Hello!", body => (body["response_format"], body["max_tokens"]) = (new JsonObject { ["type"] = "json_object" }, 1)));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Contains(reply.Content!.TrimStart(), (string[])["", "{", "{\"temp_c\": ", "{\"error\": \""]); // tokens of this model
        Assert.Equal("length", reply.Choice.GetProperty("finish_reason").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Schema_that_is_not_supported_is_400_that_names_the_keyword()
    {
        var format = JsonNode.Parse("""{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":{"a":{"not":{}}}}}}""");
        var reply = await Gateway.Http.PostAsync(Wire.Ask("Hello!", body => body["response_format"] = format));
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal("response_format.json_schema.schema.properties.a.not", reply.Error.GetProperty("param").GetString());
    }

#pragma warning disable OPENAI001 // the client's seed is marked as an experiment
    private static ChatCompletionOptions Structured(float temperature, long seed) => new()
    {
        Temperature = temperature,
        Seed = seed,
        MaxOutputTokenCount = 700,
        ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("report", BinaryData.FromString(Report), jsonSchemaIsStrict: true),
    };
#pragma warning restore OPENAI001

    private static void AssertReport(string text)
    {
        using var document = JsonDocument.Parse(text);
        Assert.Equal(["city", "temperature", "sky", "wind"], document.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.InRange(document.RootElement.GetProperty("city").GetString()!.EnumerateRunes().Count(), 0, 12);
        Assert.True(document.RootElement.GetProperty("temperature").TryGetInt64(out _));
        Assert.Contains(document.RootElement.GetProperty("sky").GetString(), (string[])["sunny", "grey"]);
        Assert.True(document.RootElement.GetProperty("wind").ValueKind == JsonValueKind.Null || document.RootElement.GetProperty("wind").TryGetInt64(out _));
    }
}
