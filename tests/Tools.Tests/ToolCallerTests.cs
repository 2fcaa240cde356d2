using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Http;
using Pharos.Grains.Tools;

namespace Pharos.Tests.Tools;

public sealed class ToolCallerTests
{
    [Theory]
    [InlineData("""{"temp_c": 12, "sky": "cloudy"}""", """{"temp_c": 12, "sky": "cloudy"}""")]
    [InlineData("\"14:35\"", "14:35")]
    [InlineData("5470", "5470")]
    [InlineData("plain text", "plain text")]
    [InlineData("\"so\" he said", "\"so\" he said")]
    public async Task Result_is_the_body_and_a_json_string_its_text(string body, string content)
    {
        await using var story = await ToolStory.StartAsync((http, _) => http.Response.WriteAsync(body));

        var result = await story.CallAsync("""{"city": "Oslo"}""");

        Assert.Equal(("call_1", "weather", content, false), (result.CallId, result.Name, result.Content, result.Failed));
        Assert.Equal("""{"city": "Oslo"}""", Assert.Single(story.Bodies));
    }

    [Theory]
    [InlineData(400, "", "bad request")]
    [InlineData(403, "", "access denied")]
    [InlineData(404, "no", "not found")]
    [InlineData(422, """{"error": "division by zero"}""", "division by zero")]
    [InlineData(302, "", "redirect refused")]
    public async Task Refusal_is_a_failed_result_and_not_retried(int status, string body, string sentence)
    {
        await using var story = await ToolStory.StartAsync(async (http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = "/elsewhere";
            await http.Response.WriteAsync(body);
        });

        var result = await story.CallAsync();

        Assert.Equal(($"{{\"error\": \"{sentence}\"}}", true), (result.Content, result.Failed));
        Assert.Equal(1, story.Calls);
    }

    [Fact]
    public async Task Unknown_tool_names_the_known_ones()
    {
        await using var story = await ToolStory.StartAsync((_, _) => Task.CompletedTask);

        var result = await story.CallAsync(tool: "wether");

        Assert.Equal(("""{"error": "unknown tool wether; known tools: weather"}""", true), (result.Content, result.Failed));
    }

    [Fact]
    public async Task Durations_are_measured_by_tool_and_outcome_and_made_up_names_are_no_label()
    {
        await using var story = await ToolStory.StartAsync((http, _) => http.Response.WriteAsync("1"));
        var seen = new ConcurrentQueue<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "pharos.tool_duration_seconds" && instrument.Meter.Scope == story.Meters)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => seen.Enqueue($"{tags[0].Value} {tags[1].Value}"));
        listener.Start();

        await story.CallAsync();
        await story.CallAsync(tool: "wether");

        Assert.Equal(["weather ok", "unknown unknown_tool"], seen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("{\"city\": ")]
    public async Task Arguments_that_are_no_object_never_leave(string arguments)
    {
        await using var story = await ToolStory.StartAsync((_, _) => Task.CompletedTask);

        var result = await story.CallAsync(arguments);

        Assert.True(result.Failed);
        Assert.Equal(0, story.Calls);
    }

    private const int Limit = 1000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_beyond_the_limit_is_refused_with_and_without_a_length(bool declared)
    {
        await using var story = await ToolStory.StartAsync(async (http, number) =>
        {
            var body = new byte[Limit + (number == 1 ? 0 : 1)];
            Array.Fill(body, (byte)'1');
            http.Response.ContentLength = declared ? body.Length : null;
            await http.Response.Body.WriteAsync(body);
        }, tool => tool.MaxResponseBytes = Limit);

        var fits = await story.CallAsync();
        var tooLong = await story.CallAsync();

        Assert.Equal(Limit, Encoding.UTF8.GetByteCount(fits.Content));
        Assert.Equal("""{"error": "result too large"}""", tooLong.Content);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/run")]
    [InlineData("http://localhost:{0}/run")]
    [InlineData("http://[::1]:{0}/run")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/run")]
    [InlineData("http://2130706433:{0}/run")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    public async Task Private_address_is_refused_unless_the_registry_allows_it(string url)
    {
        await using var story = await ToolStory.StartAsync((http, _) => http.Response.WriteAsync("1"), tool =>
        {
            tool.Url = string.Format(System.Globalization.CultureInfo.InvariantCulture, url, new Uri(tool.Url).Port);
            tool.AllowPrivateNetwork = false;
        });

        var result = await story.CallAsync();

        Assert.Equal("""{"error": "address not allowed"}""", result.Content);
        Assert.Equal(0, story.Calls);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.15.0.1", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:8.8.8.8", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    public void Public_addresses_are_those_of_the_open_internet(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddresses.Contains(System.Net.IPAddress.Parse(address)));
}
