using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Chat;
using Pharos.Inference.Grammar;
using Pharos.Scheduling.Requests;

namespace Pharos.Inference.Tests.Grammar;

/// <summary>What a request says of its calls holds whatever the model thinks.</summary>
public sealed class CallRuleTests
{
    private const string City = """{"type":"object","properties":{"city":{"type":"string","maxLength":4},"days":{"type":"integer"}},"required":["city"],"additionalProperties":false}""";

    private static readonly string[] Names = ["get_weather", "calculator", "get_time"];

    [Fact]
    public void RequiredCall_IsMadeAndKeepsItsSchema() => ForSeeds(60, seed =>
    {
        var parsed = Say(seed, new CallRules(Required: true, Parallel: true, [new("get_weather", City), new("calculator", null)], []));

        Assert.NotEmpty(parsed.Calls);
        Assert.True(string.IsNullOrWhiteSpace(parsed.Content), parsed.Content);
        Assert.All(parsed.Calls, call => Assert.True(call.Name != "get_weather" || SchemaCheck.Keeps(City, call.Arguments), call.Arguments));
    });

    [Fact]
    public void EveryFamily_SaysWhatItsParserReads() => ForSeeds(60, seed =>
    {
        foreach (var markup in ToolMarkup.All)
        {
            var rules = new CallRules(Required: true, Parallel: seed % 2 == 0, [new("get_weather", City), new("calculator", null)], []);
            var said = new Generation(Generation.Compile(new SegmentRules(null, rules), markup), seed).Run();
            Assert.True(said.HasEnded, $"{markup}, seed {seed}: no end in {said.Tokens.Count} tokens");
            var parsed = ToolCallParser.Parse(said.Text, Names, markup);

            Assert.NotEmpty(parsed.Calls);
            Assert.True(seed % 2 == 0 || parsed.Calls.Length == 1, said.Text);
            Assert.True(string.IsNullOrWhiteSpace(parsed.Content), $"{markup}: {said.Text} has the content {parsed.Content}");
            Assert.All(parsed.Calls, call => Assert.True(call.Name != "get_weather" || SchemaCheck.Keeps(City, call.Arguments), call.Arguments));
        }
    });

    [Fact]
    public void NamedCall_IsTheOnlyOne() => ForSeeds(40, seed =>
    {
        var parsed = Say(seed, new CallRules(Required: true, Parallel: false, [new("get_weather", City), new("calculator", null)], ["get_weather"]));

        Assert.Equal("get_weather", Assert.Single(parsed.Calls).Name);
    });

    [Fact]
    public void FreeText_MayBeAnything_AndItsCallsAreWhole() => ForSeeds(60, seed =>
    {
        var grammar = Generation.Compile(new SegmentRules(null, new CallRules(Required: false, Parallel: false, [new("get_weather", City)], [])));
        var said = new Generation(grammar, seed) { Liked = seed % 2 == 0 ? ToolCallParser.OpenTag : null }.Run(400);
        var parsed = ToolCallParser.Parse(said.AnyText, Names);

        Assert.True(parsed.Calls.Length <= 1, said.AnyText);
        Assert.True(!said.HasEnded || !said.AnyText.Contains(ToolCallParser.OpenTag, StringComparison.Ordinal) || parsed.Calls.Length == 1, said.AnyText);
        Assert.All(parsed.Calls, call => Assert.True(SchemaCheck.Keeps(City, call.Arguments), call.Arguments));
    });

    [Fact]
    public void EveryOpening_OfEveryFamily_LeadsToWholeCalls() => ForSeeds(40, seed =>
    {
        foreach (var markup in ToolMarkup.All)
        {
            foreach (string opener in markup.AllowsBareJson ? markup.Openers.Append("{\"") : markup.Openers)
            {
                var rules = new CallRules(Required: false, Parallel: false, [new("get_weather", City)], []);
                var said = new Generation(Generation.Compile(new SegmentRules(null, rules), markup), seed) { Liked = opener }.Run(400);
                var parsed = ToolCallParser.Parse(said.AnyText, Names, markup);
                Assert.All(parsed.Calls, call => Assert.True(call.Name == "get_weather" && SchemaCheck.Keeps(City, call.Arguments), $"{markup}: {said.AnyText}"));
                Assert.True(!said.HasEnded || !said.AnyText.Contains(opener, StringComparison.Ordinal) || opener == "{\"" || parsed.Calls.Length == 1, $"{markup}: {said.AnyText}");
            }
        }
    });

    [Theory]
    [InlineData("fenced", "```jso ```json\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}\n```", true)]
    [InlineData("fenced", "```json\n{\"days\"", false)]
    [InlineData("fenced", "```python\nprint({1})\n```", true)]
    [InlineData("llama3", " {\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}", true)]
    [InlineData("llama3", "\n{\"name\": \"get_weather\", \"parameters\": {\"town\"", false)]
    [InlineData("llama3", "So {\"a\": 1}", true)]
    public void FreeText_OfAFamily_TakesWhatTheRulesAllow(string family, string text, bool taken)
    {
        var markup = ToolMarkup.All.Single(known => known.Name == family);
        var matcher = Generation.Compile(new SegmentRules(null, new CallRules(Required: false, Parallel: false, [new("get_weather", City)], [])), markup).Begin();
        foreach (int token in Generation.Tokenizer.Encode(text, parseSpecial: false))
            matcher.Append(token);

        Assert.Equal(taken, !matcher.IsLost);
    }

    [Theory]
    [InlineData("<<tool_call>{}", false)]
    [InlineData("<tool_cal<tool_call>{\"name\"", true)]
    [InlineData("a <tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>", true)]
    [InlineData("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>\n<tool_call>", false)]
    [InlineData("<tool_call>\n{\"name\": \"get_time\"", false)]
    [InlineData("</tool_call> and <tool", true)]
    public void FreeText_TakesWhatTheRulesAllow(string text, bool taken)
    {
        var matcher = Generation.Compile(new SegmentRules(null, new CallRules(Required: false, Parallel: false, [new("get_weather", City)], []))).Begin();
        foreach (int token in Generation.Tokenizer.Encode(text, parseSpecial: false))
            matcher.Append(token);

        Assert.Equal(taken, !matcher.IsLost);
    }

    [Fact]
    public void Options_WithoutRules_BindNothing()
    {
        var options = new GenerationOptions(10, 0, 1, 0, 0, []);

        Assert.Null(SegmentRules.Of(options, ["get_weather"]));
        Assert.Equal(["get_weather"], SegmentRules.Of(options with { Schema = City }, ["get_weather"])!.Calls.Tools.Select(tool => tool.Name));
    }

    [Fact]
    public void CallsAfterTheFirst_AreFree() =>
        Assert.Equivalent(
            new CallRules(Required: false, Parallel: true, [new("a", null)], []),
            new CallRules(Required: true, Parallel: true, [new("a", null)], ["a"]).Later());

    private static ParsedSegment Say(int seed, CallRules rules)
    {
        var said = new Generation(Generation.Compile(new SegmentRules(null, rules)), seed).Run();
        Assert.True(said.HasEnded, $"seed {seed}: no end in {said.Tokens.Count} tokens");
        var parsed = ToolCallParser.Parse(said.Text, Names);
        Assert.All(parsed.Calls, call => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(call.Arguments).RootElement.ValueKind));
        return parsed;
    }

    private static void ForSeeds(int count, Action<int> check) => Prop.ForAll(ArbMap.Default.ArbFor<int>(), check).Check(Config.QuickThrowOnFailure.WithMaxTest(count));
}
