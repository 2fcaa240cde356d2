using System.Net;
using System.Text.Json;
using Pharos.Gateway.Chat;
using Pharos.Gateway.Http;
using Pharos.Gateway.Requests;
using Pharos.Inference.Chat;
using Pharos.Scheduling.Requests;

namespace Pharos.Gateway.Tests;

public sealed class ChatRequestReaderTests
{
    private const string Hello = """[{"role":"user","content":"Hello"}]""";

    [Theory]
    [InlineData("""{"messages":[]}""", "model", "required")]
    [InlineData("""{"model":1}""", "model", "must be a string; it is a number")]
    [InlineData("""{"model":"m"}""", "messages", "required")]
    [InlineData("""{"model":"m","messages":"x"}""", "messages", "an array; it is a string")]
    [InlineData("""{"model":"m","messages":[]}""", "messages", "at least one")]
    [InlineData("""{"model":"m","messages":[1]}""", "messages[0]", "an object")]
    [InlineData("""{"model":"m","messages":[{"content":"x"}]}""", "messages[0].role", "required")]
    [InlineData("""{"model":"m","messages":[{"role":"robot","content":"x"}]}""", "messages[0].role", "\"robot\"")]
    [InlineData("""{"model":"m","messages":[{"role":"user"}]}""", "messages[0].content", "required")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":5}]}""", "messages[0].content", "text parts; it is a number")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "messages[0].content[0].type", "image_url")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"\ud800"}]}""", "messages[0].content", "surrogate")]
    [InlineData("""{"model":"m","messages":[{"role":"tool","content":"5"}]}""", "messages[0].tool_call_id", "required")]
    [InlineData("""{"model":"m","messages":[{"role":"tool","tool_call_id":"call_x","content":"5"}]}""", "messages[0].tool_call_id", "call_x")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]}""", "messages[0].tool_calls[0].function", "required")]
    [InlineData("""{"model":"m","messages":HELLO,"max_tokens":0}""", "max_tokens", "from 1 to 1024; it is 0")]
    [InlineData("""{"model":"m","messages":HELLO,"max_tokens":1025}""", "max_tokens", "from 1 to 1024; it is 1025")]
    [InlineData("""{"model":"m","messages":HELLO,"max_tokens":1.5}""", "max_tokens", "an integer")]
    [InlineData("""{"model":"m","messages":HELLO,"max_tokens":"5"}""", "max_tokens", "it is a string")]
    [InlineData("""{"model":"m","messages":HELLO,"max_completion_tokens":99999999999999999999}""", "max_completion_tokens", "from 1 to 1024")]
    [InlineData("""{"model":"m","messages":HELLO,"temperature":2.1}""", "temperature", "from 0 to 2; it is 2.1")]
    [InlineData("""{"model":"m","messages":HELLO,"temperature":"hot"}""", "temperature", "it is a string")]
    [InlineData("""{"model":"m","messages":HELLO,"top_p":0}""", "top_p", "above 0 and at most 1")]
    [InlineData("""{"model":"m","messages":HELLO,"seed":"a"}""", "seed", "an integer")]
    [InlineData("""{"model":"m","messages":HELLO,"stream":"yes"}""", "stream", "true or false")]
    [InlineData("""{"model":"m","messages":HELLO,"stream_options":{}}""", "stream_options", "'stream' is true")]
    [InlineData("""{"model":"m","messages":HELLO,"stop":5}""", "stop", "a string or an array")]
    [InlineData("""{"model":"m","messages":HELLO,"stop":["a",5]}""", "stop[1]", "a string")]
    [InlineData("""{"model":"m","messages":HELLO,"stop":["a","b","c","d","e"]}""", "stop", "at most 4")]
    [InlineData("""{"model":"m","messages":HELLO,"stop":""}""", "stop", "empty")]
    [InlineData("""{"model":"m","messages":HELLO,"n":0}""", "n", "from 1 to 16; it is 0")]
    [InlineData("""{"model":"m","messages":HELLO,"top_logprobs":2}""", "top_logprobs", "'logprobs' is true")]
    [InlineData("""{"model":"m","messages":HELLO,"logprobs":true,"top_logprobs":21}""", "top_logprobs", "from 0 to 20")]
    [InlineData("""{"model":"m","messages":HELLO,"logit_bias":[]}""", "logit_bias", "an object")]
    [InlineData("""{"model":"m","messages":HELLO,"logit_bias":{"Hello":1}}""", "logit_bias", "token ids from 0 to 299; it holds \"Hello\"")]
    [InlineData("""{"model":"m","messages":HELLO,"logit_bias":{"300":1}}""", "logit_bias", "it holds \"300\"")]
    [InlineData("""{"model":"m","messages":HELLO,"logit_bias":{"\ud800":1}}""", "", "surrogate")]
    [InlineData("""{"model":"m","messages":HELLO,"pharos":{"slo":1}}""", "pharos.slo", "an object; it is a number")]
    [InlineData("""{"model":"m","messages":HELLO,"pharos":{"slo":{"ttft_seconds":0}}}""", "pharos.slo.ttft_seconds", "above 0 and at most 3600; it is 0")]
    [InlineData("""{"model":"m","messages":HELLO,"pharos":{"slo":{"itl_seconds":3601}}}""", "pharos.slo.itl_seconds", "above 0 and at most 3600; it is 3601")]
    [InlineData("""{"model":"m","messages":HELLO,"min_p":0.1}""", "min_p", "allowed: 0")]
    [InlineData("""{"model":"m","messages":HELLO,"prediction":{}}""", "prediction", "absent")]
    [InlineData("""{"model":"m","messages":HELLO,"logit_bias":{"5":101}}""", "logit_bias.5", "from -100 to 100")]
    [InlineData("""{"model":"m","messages":HELLO,"presence_penalty":2.5}""", "presence_penalty", "from -2 to 2")]
    [InlineData("""{"model":"m","messages":HELLO,"response_format":"json"}""", "response_format", "an object; it is a string")]
    [InlineData("""{"model":"m","messages":HELLO,"response_format":{"type":"yaml"}}""", "response_format.type", "json_schema")]
    [InlineData("""{"model":"m","messages":HELLO,"response_format":{"type":"json_schema"}}""", "response_format.json_schema", "required")]
    [InlineData("""{"model":"m","messages":HELLO,"response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}}}""", "response_format.json_schema.name", "a b")]
    [InlineData("""{"model":"m","messages":HELLO,"response_format":{"type":"json_schema","json_schema":{"name":"a"}}}""", "response_format.json_schema.schema", "required")]
    [InlineData("""{"model":"m","messages":HELLO,"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":"yes","schema":{}}}}""", "response_format.json_schema.strict", "true or false")]
    [InlineData("""{"model":"m","messages":HELLO,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"properties":{"x":{"not":{}}}}}}}""",
        "response_format.json_schema.schema.properties.x.not", "not supported")]
    [InlineData("""{"model":"m","messages":HELLO,"tool_choice":"required"}""", "tool_choice", "'tools' offers none")]
    [InlineData("""{"model":"m","messages":HELLO,"tool_choice":{"type":"function"}}""", "tool_choice.name", "required")]
    [InlineData("""{"model":"m","messages":HELLO,"tool_choice":"some"}""", "tool_choice", "it is \"some\"")]
    [InlineData("""{"model":"m","messages":HELLO,"tool_choice":5}""", "tool_choice", "it is a number")]
    [InlineData("""{"model":"m","messages":HELLO,"tool_choice":{"type":"custom"}}""", "tool_choice.type", "\"custom\" is not supported")]
    [InlineData("""{"model":"m","messages":HELLO,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}}""", "tool_choice", "\"g\", which is not in 'tools'")]
    [InlineData("""{"model":"m","messages":HELLO,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}}""", "tool_choice.allowed_tools.tools", "at least one")]
    [InlineData("""{"model":"m","messages":HELLO,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{"not":{}}}}}}]}""",
        "tools[0].function.parameters.properties.a.not", "not supported")]
    [InlineData("""{"model":"m","messages":HELLO,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"string"}}}]}""", "tools[0].function.parameters", "\"object\"")]
    [InlineData("""{"model":"m","messages":HELLO,"tools":{}}""", "tools", "an array")]
    [InlineData("""{"model":"m","messages":HELLO,"tools":[{"type":"magic"}]}""", "tools[0].type", "magic")]
    [InlineData("""{"model":"m","messages":HELLO,"tools":[{"type":"function","function":{"name":"a b"}}]}""", "tools[0].function.name", "a b")]
    [InlineData("""{"model":"m","messages":HELLO,"pharos":true}""", "pharos", "an object")]
    [InlineData("""{"model":"m","messages":HELLO,"pharos":{"run_tools":1}}""", "pharos.run_tools", "true or false")]
    public void Read_WrongField_IsA400ThatNamesIt(string body, string param, string says)
    {
        var error = Assert.Throws<ApiException>(() => Read(body)).Error;

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error", param), (error.Status, error.Type, error.Param));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NotAnObject_IsA400() => Assert.Equal(HttpStatusCode.BadRequest, Assert.Throws<ApiException>(() => Read("[]")).Error.Status);

    [Theory]
    [InlineData("""{"type":"text"}""", null)]
    [InlineData("""{"type":"json_object"}""", """{"type":"object"}""")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"age","strict":true,"schema":{"type":"integer"}}}""", """{"type":"integer"}""")]
    public void Read_ResponseFormat_IsASchema(string format, string? schema) =>
        Assert.Equal(schema, Read("""{"model":"m","messages":HELLO,"response_format":FORMAT}""".Replace("FORMAT", format, StringComparison.Ordinal)).Schema);

    [Fact]
    public void Read_NeutralValuesAndHints_Pass()
    {
        var request = Read(
            """
            {"model":"m","messages":HELLO,"n":1,"logprobs":false,"logit_bias":{},"presence_penalty":0,"frequency_penalty":0.0,"response_format":{"type":"text"},
             "tool_choice":"auto","parallel_tool_calls":true,"store":true,"verbosity":"low","safety_identifier":"s","stream_options":null,"top_logprobs":0,"service_tier":"auto","reasoning_effort":"low","metadata":{"a":"b"},"user":"u","seed":null}
            """);

        Assert.Equal("m", request.Model);
        Assert.Null(request.Sampling.Seed);
        Assert.Null(request.Sampling.Controls);
        Assert.Null(request.Sampling.Logprobs);
    }

    [Fact]
    public void Read_EverythingSet_IsRead()
    {
        var request = Read(
            """
            {"model":"m","n":3,"logprobs":true,"top_logprobs":2,"logit_bias":{"5":-100},"frequency_penalty":0.5,"stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"temperature":0.5,"top_p":0.9,"seed":-1,"stop":"x","priority":-3,
             "pharos":{"run_tools":true,"slo":{"ttft_seconds":0.5,"itl_seconds":0.1}},"messages":[{"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
             {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c1","content":"5"}]}
            """);

        Assert.True(request is { Stream: true, IncludeUsage: true, RunTools: true, Priority: -3, Answers: 3 });
        Assert.True(request.Sampling is { MaxTokens: 5, Temperature: 0.5f, TopP: 0.9f, Seed: ulong.MaxValue, Logprobs: 2, Controls: { PresencePenalty: 0, FrequencyPenalty: 0.5f } });
        Assert.Equal(new SloRequest(0.5, 0.1), request.Sampling.Slo);
        Assert.Equal(new TokenBias(5, -100), Assert.Single(request.Sampling.Controls.Biases));
        Assert.Equal(ChatMessage.System("ab").Content, request.Messages[0].Content);
        Assert.Equal(new ChatToolCall("c1", "f", "{}"), Assert.Single(request.Messages[1].ToolCalls));
        Assert.Equal("c1", request.Messages[2].ToolCallId);
    }

    [Fact]
    public void Read_ToolMessageAnswersACallOfAnyEarlierAssistantMessage_Passes()
    {
        var request = Read(
            """
            {"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"assistant","tool_calls":[{"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c2","content":"2"},{"role":"tool","tool_call_id":"c1","content":"1"}]}
            """);

        Assert.Equal(["c2", "c1"], request.Messages[2..].Select(message => message.ToolCallId));
    }

    [Theory]
    [InlineData("null", ToolMode.Auto, "")]
    [InlineData("\"none\"", ToolMode.None, "")]
    [InlineData("\"required\"", ToolMode.Required, "")]
    [InlineData("""{"type":"function","function":{"name":"f"}}""", ToolMode.Required, "f")]
    [InlineData("""{"type":"function","name":"f"}""", ToolMode.Required, "f")]
    [InlineData("""{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}}""", ToolMode.Auto, "g")]
    [InlineData("""{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"function","name":"g"}]}""", ToolMode.Required, "f,g")]
    public void Read_ToolChoice_InAllItsForms(string choice, object mode, string only)
    {
        const string tools = """[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]""";
        var read = Read($$"""{"model":"m","messages":HELLO,"tools":{{tools}},"tool_choice":{{choice}},"parallel_tool_calls":false}""").Choice;

        Assert.Equal(((ToolMode)mode, only, false), (read.Mode, string.Join(',', read.Only), read.Parallel));
    }

    private static ChatRequest Read(string body)
    {
        using var document = JsonDocument.Parse(body.Replace("HELLO", Hello, StringComparison.Ordinal));
        return ChatRequestReader.Read(document.RootElement, new ModelBounds(1024, 300));
    }
}
