using System.Text;
using Pharos.Inference.Grammar;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Grammar;

public sealed class SchemaCompilerTests
{
    private const string Person = """
        {"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":5},"age":{"type":"integer"},"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":2}},
         "required":["name","tags"],"additionalProperties":false}
        """;

    private const string Tree = """
        {"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["children"],"additionalProperties":false}}}
        """;

    [Theory]
    [InlineData(Person, """{"name":"Ada","age":36,"tags":["a","b"]}""")]
    [InlineData(Person, """{"name": "Ada", "tags": []}""")]
    [InlineData(Person, "{\n  \"name\": \"\u00e9\u20ac\U0001F600\\n\\ud83d\\ude00\",\n  \"tags\": [\n    \"a\"\n  ]\n}")]
    [InlineData(Tree, """{"children":[{"children":[]},{"children":[{"children":[]}]}]}""")]
    [InlineData("""{"type":"object"}""", """{"a":[1,-2.5e+10,true,null,{"":""}]}""")]
    [InlineData("""{"type":["integer","null"]}""", "null")]
    [InlineData("""{"type":["integer","null"]}""", "-10")]
    [InlineData("""{"anyOf":[{"const":"ab"},{"type":"number"}]}""", "0.25")]
    [InlineData("""{"enum":["a\"b","\u20ac"]}""", "\"a\\\"b\"")]
    [InlineData("""{"properties":{"a":true},"required":["a","b"]}""", """{"a":[],"b":{}}""")]
    [InlineData("""{"type":"object","properties":{},"additionalProperties":false}""", "{}")]
    [InlineData("{}", "\"x\"")]
    [InlineData("""{"oneOf":[{"type":"null"},{"type":"integer"}]}""", "12")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":120}""", "-5")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":120}""", "119")]
    [InlineData("""{"type":"integer","exclusiveMinimum":99}""", "100")]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "0.123456")]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "1")]
    [InlineData("""{"type":"number","exclusiveMinimum":-0.5,"maximum":0.25}""", "-0.49")]
    [InlineData("""{"type":"number","exclusiveMinimum":-0.5,"maximum":0.25}""", "0.25")]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-120\"")]
    [InlineData("""{"type":"string","pattern":"b+"}""", "\"abbc\"")]
    [InlineData("""{"type":"string","pattern":"^a$|^(?:b|cd)*?e$"}""", "\"bcdbe\"")]
    [InlineData("""{"type":"string","pattern":"^[^a]$"}""", "\"\\\"\"")]
    [InlineData("""{"type":"string","pattern":"^.\u20ac$"}""", "\"\u00e9\u20ac\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2026-02-28T23:59:59.5Z\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"0f8fad5b-d9cb-469f-a165-70867728950e\"")]
    [InlineData("""{"type":"string","format":"email"}""", "\"ada@example.org\"")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"192.168.0.1\"")]
    public void Text_ThatKeepsTheSchema_IsTaken(string schema, string text) => Assert.True(Takes(schema, text), text);

    [Theory]
    [InlineData(Person, """{"tags":[],"name":"Ada"}""")] // members come in the schema's order
    [InlineData(Person, """{"name":"Ada"}""")]
    [InlineData(Person, """{"name":"","tags":[]}""")]
    [InlineData(Person, """{"name":"Adaada","tags":[]}""")]
    [InlineData(Person, """{"name":"Ada","tags":["c"]}""")]
    [InlineData(Person, """{"name":"Ada","tags":["a","a","a"]}""")]
    [InlineData(Person, """{"name":"Ada","tags":[],"x":1}""")]
    [InlineData(Person, """{"name":"Ada","age":1.5,"tags":[]}""")]
    [InlineData(Person, """{"name":"Ada","age":01,"tags":[]}""")]
    [InlineData(Person, """{"name":"A\ud83d","tags":[]}""")] // half a surrogate pair
    [InlineData(Person, "{\"name\":\"A\n\",\"tags\":[]}")]
    [InlineData(Person, "{  \"name\":\"Ada\",\"tags\":[]}")] // white space is bounded
    [InlineData(Person, """{"name" :"Ada","tags":[]}""")] // and stands where people put it
    [InlineData(Person, """{"name":"Ada" ,"tags":[]}""")]
    [InlineData(Person, "{\"name\":\n\"Ada\",\"tags\":[]}")]
    [InlineData("""{"type":"object"}""", """{"a" :1}""")]
    [InlineData("""{"type":"array"}""", "[1 ,2]")]
    [InlineData(Tree, """{"children":[{}]}""")]
    [InlineData("""{"type":"object"}""", """{"a":1,}""")]
    [InlineData("""{"type":"object"}""", "[]")]
    [InlineData("""{"type":"integer"}""", "1234567890123456")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":120}""", "121")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":120}""", "-6")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":120}""", "-0")]
    [InlineData("""{"type":"integer","minimum":10}""", "007")]
    [InlineData("""{"type":"number","minimum":0,"maximum":1}""", "1.1")]
    [InlineData("""{"type":"number","minimum":0,"exclusiveMaximum":1}""", "1")]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"ABC-1\"")]
    [InlineData("""{"type":"string","pattern":"b+"}""", "\"ac\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2026-02-30\"")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"192.168.0.256\"")]
    public void Text_ThatDoesNot_IsNot(string schema, string text) => Assert.False(Takes(schema, text), text);

    [Theory]
    [InlineData("""{"oneOf":[{"type":"null"}],"type":"null"}""", "type")]
    [InlineData("""{"type":"string","pattern":"a(?=b)"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"(a"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"a)"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"(^a)b"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"\\bword"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"[b-a]"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"a{3,2}"}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"a","maxLength":3}""", "maxLength")]
    [InlineData("""{"type":"string","format":"color"}""", "format")]
    [InlineData("""{"type":"integer","minimum":"a"}""", "minimum")]
    [InlineData("""{"type":"integer","minimum":0.1,"maximum":0.9}""", "maximum")]
    [InlineData("""{"type":"number","minimum":5,"exclusiveMaximum":5}""", "exclusiveMaximum")]
    [InlineData("""{"type":"number","minimum":1e300}""", "minimum")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","uniqueItems":true}}}""", "properties.a.uniqueItems")]
    [InlineData("""{"type":"array","items":{"type":"number","multipleOf":1000}}""", "items.multipleOf")]
    [InlineData("""{"type":"array","items":{"type":"integer","multipleOf":0.5}}""", "items.multipleOf")]
    [InlineData("""{"type":"array","items":{"type":"integer","multipleOf":5,"maximum":20}}""", "items.multipleOf")]
    [InlineData("""{"anyOf":[{"type":"null"},{"type":"text"}]}""", "anyOf[1].type")]
    [InlineData("""{"type":"string","minItems":1}""", "minItems")]
    [InlineData("""{"type":"string","minLength":-1}""", "minLength")]
    [InlineData("""{"type":"string","minLength":5,"maxLength":4}""", "maxLength")]
    [InlineData("""{"$ref":"#/$defs/a"}""", "$ref")]
    [InlineData("""{"$ref":"https://example.com/schema"}""", "$ref")]
    [InlineData("""{"anyOf":[{"$ref":"#"}]}""", "anyOf[0].$ref")]
    [InlineData("""{"enum":[]}""", "enum")]
    [InlineData("""{"type":"string","enum":[1]}""", "enum")]
    [InlineData("""{"type":"object","properties":{},"required":["a"],"additionalProperties":false}""", "required")]
    [InlineData("""{"not":{}}""", "not")]
    [InlineData("false", "")]
    public void Schema_ThatIsNotSupported_IsRefusedByKeyword(string schema, string path)
    {
        var refused = Assert.Throws<SchemaException>(() => SegmentGrammar.RequireSupported(schema));
        Assert.Equal(path, refused.Path);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"\ud83d":{"type":"null"}}}""")]
    [InlineData("""{"type":"object","required":["\ud83d"]}""")]
    [InlineData("""{"\ud83d":1}""")]
    public void Schema_WithHalfACharacter_IsRefused(string schema) => Assert.Throws<SchemaException>(() => SegmentGrammar.RequireSupported(schema));

    [Fact]
    public void Texts_LongerThanAStackIsDeep_AreTaken()
    {
        string first = $"\"{new string('a', 90_000)}b\"", second = $"\"{new string('a', 90_000)}c\"";
        string schema = $$"""{"enum":[{{first}},{{second}}]}""";

        Assert.True(Takes(schema, first));
        Assert.True(Takes(schema, second));
        Assert.False(Takes(schema, first[..^2] + "\""));
    }

    [Fact]
    public void Strings_HoldNoMarkupOfTheModel_ButMaySpellIt()
    {
        var matcher = Generation.Compile("""{"type":"string"}""").Begin();
        matcher.Append('"');

        Assert.False(matcher.Allows(ByteTokenizer.ToolCallEnd));
        Assert.All("</tool_call>", one => Assert.True(matcher.Allows(one)));
        Assert.True(Takes("""{"type":"string"}""", "\"</tool_call>\""));
    }

    private static bool Takes(string schema, string text)
    {
        var matcher = Generation.Compile(schema).Begin();
        foreach (byte one in Encoding.UTF8.GetBytes(text))
            matcher.Append(one); // ids of single bytes are their values
        return matcher.IsWhole;
    }
}
