namespace Pharos.Bench.Fuzz;

/// <param name="Path">Of the route.</param>
/// <param name="Body">A request that is right.</param>
internal sealed record Sample(string Path, string Body);

/// <summary>What is mutated: one right request or more of every route that takes a body.</summary>
internal static class Corpus
{
    private const string Chat = "v1/chat/completions";

    private const string Tool = """{"type":"function","function":{"name":"look","description":"Looks","strict":true,"parameters":{"type":"object","properties":{"at":{"enum":["a","b"]}},"required":["at"],"additionalProperties":false}}}""";

    public static IReadOnlyList<Sample> All { get; } =
    [
        new(Chat, """{"model":"spark","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello!"}],"temperature":0.5,"top_p":0.9,"seed":7,"max_tokens":20,"stop":["x"],"user":"u"}"""),
        new(Chat, """{"model":"spark","messages":[{"role":"user","content":[{"type":"text","text":"Hello!"}]}],"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":12,"priority":-1}"""),
        new(Chat, """{"model":"spark","messages":[{"role":"user","content":"Hi"}],"n":2,"logprobs":true,"top_logprobs":3,"logit_bias":{"97":5,"98":-100},"presence_penalty":0.5,"frequency_penalty":-0.5,"max_tokens":8}"""),
        new(Chat, $$$"""{"model":"spark","messages":[{"role":"user","content":"Hi"}],"tools":[{{{Tool}}}],"tool_choice":"required","parallel_tool_calls":false,"max_tokens":60,"temperature":1}"""),
        new(Chat, $$$"""{"model":"spark","messages":[{"role":"user","content":"Hi"}],"tools":[{{{Tool}}}],"tool_choice":{"type":"function","function":{"name":"look"}},"stream":true,"max_tokens":60}"""),
        new(Chat, """{"model":"spark","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1f_17_0","type":"function","function":{"name":"look","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1f_17_0","content":"5"}],"max_tokens":9}"""),
        new(Chat, """{"model":"spark","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"array","items":{"type":"string","maxLength":3},"maxItems":2}},"required":["a"],"additionalProperties":false}}},"max_tokens":60}"""),
        new(Chat, """{"model":"spark","messages":[{"role":"user","content":"Hi"}],"pharos":{"run_tools":true},"metadata":{"a":"b"},"store":true,"max_tokens":10}"""),
        new("v1/completions", """{"model":"spark","prompt":["Once","upon"],"n":2,"echo":true,"max_tokens":5,"temperature":1,"stream":false}"""),
        new("v1/completions", """{"model":"spark","prompt":[97,98,99],"logprobs":2,"max_tokens":5,"stop":"\n","stream":true}"""),
        new("v1/responses", """{"model":"spark","input":"Hello!","instructions":"Be brief.","max_output_tokens":10,"text":{"format":{"type":"text"}},"metadata":{},"store":true}"""),
        new("v1/responses", """{"model":"spark","input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]},{"type":"function_call","call_id":"c","name":"look","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"5"}],"stream":true,"max_output_tokens":10,"include":["message.output_text.logprobs"],"top_logprobs":1}"""),
        new("v1/responses", """{"model":"spark","input":"Hi","tools":[{"type":"function","name":"look","parameters":{"type":"object","properties":{}},"strict":true}],"tool_choice":"required","previous_response_id":null,"max_output_tokens":40}"""),
        new("tokenize", """{"model":"spark","prompt":"Hello <|im_end|>","add_special_tokens":true,"return_token_strs":true}"""),
        new("tokenize", """{"model":"spark","messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":true}"""),
        new("detokenize", """{"model":"spark","tokens":[97,98,258]}"""),
        new("v1/embeddings", """{"model":"spark","input":"Hi"}"""),
    ];
}
