using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pharos.Inference.Grammar;

namespace Pharos.Inference.Tests.Grammar;

/// <summary>Whatever the model thinks, what it says keeps the schema.</summary>
public sealed class GrammarPropertyTests
{
    [Fact]
    public void RandomLogits_SayWhatTheSchemaAllows() => ForSeeds(300, seed =>
    {
        string schema = new RandomSchema(seed).Make();
        var said = new Generation(Generation.Compile(schema), seed).Run();

        Assert.True(said.HasEnded, $"seed {seed}: no end in {said.Tokens.Count} tokens for {schema}");
        Assert.True(SchemaCheck.Keeps(schema, said.Text), $"seed {seed}: {said.Text} does not keep {schema}");
    });

    [Fact]
    public void Mask_HoldsExactlyTheTokensThatTheGrammarTakes() => ForSeeds(100, seed =>
    {
        var said = new Generation(Generation.Compile(new RandomSchema(seed).Make()), seed);
        for (int step = 0; step < 40 && !said.HasEnded; step++)
        {
            for (int token = 0; token < Generation.Vocabulary; token++)
            {
                var fork = said.Matcher.Fork();
                fork.Append(token);
                bool text = !Generation.Tokenizer.TokenBytes(token).IsEmpty && !Generation.Tokenizer.IsSpecial(token);
                bool expected = text ? !fork.IsLost : token == Support.ByteTokenizer.ImEnd && said.Matcher.IsWhole;
                bool markup = token is Support.ByteTokenizer.ToolCall or Support.ByteTokenizer.ToolCallEnd; // which is in no string, though the grammar would take its text
                Assert.True(expected == said.Matcher.Allows(token) || (markup && expected), $"seed {seed}, after {said.Tokens.Count} tokens, token {token}");
            }
            said.Step();
        }
    });

    [Fact]
    public void ReplayedTokens_GoOnAsIfNothingHadHappened() => ForSeeds(50, seed =>
    {
        string schema = new RandomSchema(seed).Make();
        var said = new Generation(Generation.Compile(schema), seed).Run(60);
        var elsewhere = Generation.Compile(schema).Begin();
        foreach (int token in said.Tokens)
            elsewhere.Append(token);

        Assert.Equal(said.Matcher.IsWhole, elsewhere.IsWhole);
        Assert.All(Enumerable.Range(0, Generation.Vocabulary), token => Assert.Equal(said.Matcher.Allows(token), elsewhere.Allows(token)));
    });

    [Fact]
    public void WithTools_ItAnswersOrCallsOneOfThem() => ForSeeds(100, seed =>
    {
        const string schema = """{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"],"additionalProperties":false}""";
        string text = new Generation(Generation.Compile(schema, "calculator", "get_time"), seed).Run().Text;
        var parsed = Pharos.Inference.Chat.ToolCallParser.Parse(text, ["calculator", "get_time"]);
        if (parsed.Calls.IsEmpty)
            Assert.True(SchemaCheck.Keeps(schema, text), text);
        else
            Assert.True(string.IsNullOrWhiteSpace(parsed.Content) && parsed.Calls.All(call => JsonDocument.Parse(call.Arguments).RootElement.ValueKind == JsonValueKind.Object), text);
    });

    private static void ForSeeds(int count, Action<int> check) => Prop.ForAll(ArbMap.Default.ArbFor<int>(), check).Check(Config.QuickThrowOnFailure.WithMaxTest(count));
}
