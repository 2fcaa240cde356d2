using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tools;

namespace Pharos.Tests.Tools;

public sealed class ToolRegistryTests
{
    [Fact]
    public void Demo_tools_join_the_configured_ones_and_replace_none()
    {
        var registry = new ToolRegistry(Options.Create(new PharosOptions
        {
            Tools = { ["lookup"] = new ToolOptions { Url = "https://dictionary.example/look", Description = "Ours." } },
        }));
        Assert.Equal(["lookup"], registry.Tools.Select(tool => tool.Name));

        registry.AddDemo(new Uri("http://127.0.0.1:5000"));

        Assert.Equal(["calculator", "convert", "get_time", "get_weather", "lookup"], registry.Tools.Select(tool => tool.Name));
        Assert.Equal("https://dictionary.example/look", registry.Find("lookup")!.Url.AbsoluteUri);
        Assert.Equal("http://127.0.0.1:5000/tools/calculator", registry.Find("calculator")!.Url.AbsoluteUri);
        Assert.Null(registry.Find("Lookup"));
    }

    public static TheoryData<ToolOptions, string> Mistakes => new()
    {
        { new() { Url = "/relative" }, "Pharos:Tools:t:Url must be an absolute http or https URL; it is '/relative'." },
        { new() { Url = "ftp://files.example" }, "Pharos:Tools:t:Url must be an absolute http or https URL; it is 'ftp://files.example'." },
        { Good(tool => tool.Timeout = TimeSpan.Zero), "Pharos:Tools:t:Timeout must be between 00:00:00.0100000 and 01:00:00; it is 00:00:00." },
        { Good(tool => tool.Retries = 11), "Pharos:Tools:t:Retries must be between 0 and 10; it is 11." },
        { Good(tool => tool.MaxConcurrency = 0), "Pharos:Tools:t:MaxConcurrency must be between 1 and 10000; it is 0." },
        { Good(tool => tool.Schema = "[]"), "Pharos:Tools:t:Schema must be a JSON object that describes the arguments; it is of kind Array." },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistake_is_named_with_property_and_range(ToolOptions tool, string message) =>
        Assert.Equal([message], Validate("t", tool).Failures!);

    [Fact]
    public void Schema_that_is_no_json_and_a_bad_name_are_refused()
    {
        Assert.StartsWith("Pharos:Tools:t:Schema must be a JSON object", Validate("t", Good(tool => tool.Schema = "{")).Failures!.Single());
        Assert.Contains("1 to 64 letters", Validate("get weather", Good(_ => { })).Failures!.Single());
        Assert.True(Validate("t", Good(_ => { })).Succeeded);
    }

    [Fact]
    public void Every_demo_schema_is_a_json_object() =>
        Assert.All(DemoToolDefinitions.All, tool => Assert.True(Validate(tool.Name, Good(options => options.Schema = tool.Schema)).Succeeded));

    private static ValidateOptionsResult Validate(string name, ToolOptions tool) =>
        new ToolOptionsValidator().Validate(null, new PharosOptions { Tools = { [name] = tool } });

    private static ToolOptions Good(Action<ToolOptions> change)
    {
        var tool = new ToolOptions { Url = "https://tools.example/t" };
        change(tool);
        return tool;
    }
}
