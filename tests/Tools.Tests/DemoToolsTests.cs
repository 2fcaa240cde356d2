using System.Globalization;
using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pharos.DemoTools;
using Pharos.Grains.Configuration;
using Pharos.Grains.Tools;
using Pharos.Scheduling.Requests;

namespace Pharos.Tests.Tools;

public sealed class CalculatorTests
{
    [Theory]
    [InlineData("127*43+9", "5470")]
    [InlineData(" 2 + 3 * 4 ", "14")]
    [InlineData("(2+3)*4", "20")]
    [InlineData("-5+3", "-2")]
    [InlineData("12-(-7)", "19")]
    [InlineData("--5", "5")]
    [InlineData("10/4", "2.5")]
    [InlineData("8/4", "2")]
    [InlineData("1/3", "0.333")]
    [InlineData("1/16", "0.062")]
    [InlineData("4007/2000", "2.003")]
    [InlineData("4003/2000", "2.002")]
    [InlineData("-1/3000", "0")]
    [InlineData("1/3*3", "1")]
    [InlineData("0.1+0.2", "0.3")]
    [InlineData("7%3", "1")]
    [InlineData("-7%3", "2")]
    [InlineData("7%-3", "-2")]
    [InlineData("123456789012*98765432109", "12193263113559823186308")]
    [InlineData("1/0", """{"error": "division by zero"}""")]
    [InlineData("5%0", """{"error": "division by zero"}""")]
    [InlineData("", """{"error": "invalid expression"}""")]
    [InlineData("2+", """{"error": "invalid expression"}""")]
    [InlineData("(2+3", """{"error": "invalid expression"}""")]
    [InlineData("2)", """{"error": "invalid expression"}""")]
    [InlineData("2**3", """{"error": "invalid expression"}""")]
    [InlineData("two", """{"error": "invalid expression"}""")]
    [InlineData("1.2.3", """{"error": "invalid expression"}""")]
    [InlineData("99999999999999999999*99999999999999999999", """{"error": "invalid expression"}""")]
    public void Evaluates_as_python_does(string expression, string body) => Assert.Equal(body, Calculator.Evaluate(expression).Body);

    [Fact]
    public void Depth_and_length_are_bounded()
    {
        Assert.True(Calculator.Evaluate(new string('(', 100) + "1" + new string(')', 99)).Failed);
        Assert.True(Calculator.Evaluate(new string('1', 20) + new string(' ', 1000)).Failed);
    }

    [Fact]
    public void Expressions_of_whole_numbers_agree_with_decimal_arithmetic()
    {
        // Trees have up to 8 leaves: with 3 digits each no product leaves the range of decimal.
        var number = Gen.Choose(-999, 999).Select(n => (Text: n < 0 ? $"({n})" : $"{n}", Value: (decimal)n));
        var expression = Gen.Sized(size => Tree(Math.Min(size, 5)));
        Prop.ForAll(Arb.From(expression), e => Calculator.Evaluate(e.Text) == DemoAnswer.Json(e.Value.ToString(CultureInfo.InvariantCulture)))
            .QuickCheckThrowOnFailure();

        Gen<(string Text, decimal Value)> Tree(int depth) => depth == 0
            ? number
            : from a in Tree(depth / 2)
              from b in Tree(depth / 2)
              from op in Gen.Elements('+', '-', '*')
              select ($"({a.Text}{op}{b.Text})", op switch { '+' => a.Value + b.Value, '-' => a.Value - b.Value, _ => a.Value * b.Value });
    }
}

public sealed class UnitConverterTests
{
    [Theory]
    [InlineData("10", "km", "miles", "6.2137")]
    [InlineData("12", "C", "F", "53.6")]
    [InlineData("-40", "fahrenheit", "celsius", "-40")]
    [InlineData("98.6", "F", "C", "37")]
    [InlineData("5", "kg", "pounds", "11.0231")]
    [InlineData("2", "hours", "minutes", "120")]
    [InlineData("3", "gallons", "liters", "11.3562")]
    [InlineData("1500", "MB", "GB", "1.5")]
    [InlineData("8", "bytes", "bits", "64")]
    [InlineData("36", "km/h", "m/s", "10")]
    [InlineData("1", "mm", "km", "0.000001")]
    [InlineData("0", "m", "feet", "0")]
    [InlineData("1", "km", "kg", """{"error": "unknown unit"}""")]
    [InlineData("1", "blorps", "kg", """{"error": "unknown unit"}""")]
    public void Converts_within_a_dimension(string value, string from, string to, string body) =>
        Assert.Equal(body, UnitConverter.Convert(decimal.Parse(value, CultureInfo.InvariantCulture), from, to).Body);

    [Theory]
    [InlineData("km miles m feet cm inches kg pounds g ounces liters gallons C F hours minutes days hours weeks days kilometers miles meters feet yards meters")]
    [InlineData("kilograms pounds celsius fahrenheit USD EUR GBP EUR JPY USD EUR GBP CHF EUR knots mph MB GB bytes bits cups ml acres hectares")]
    public void Every_unit_the_embedded_model_knows_is_known(string pairs) =>
        Assert.All(pairs.Split(' ').Chunk(2), pair => Assert.False(UnitConverter.Convert(1, pair[0], pair[1]).Failed));
}

public sealed class ToolLatencyTests
{
    [Theory]
    [InlineData("none", 0)]
    [InlineData("fixed:0.2", 0.2)]
    [InlineData("exponential:0", 0)]
    [InlineData("lognormal:0.3,0", 0.3)]
    public void Distribution_without_spread_is_its_centre(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ToolLatency.Parse(text).Sample(new Random(1)));

    [Theory]
    [InlineData("exponential:0.5", 0.5 * 0.6931)]
    [InlineData("lognormal:0.3,1.0", 0.3)]
    public void Median_of_many_samples_is_the_distributions(string text, double median)
    {
        var (latency, random) = (ToolLatency.Parse(text), new Random(7));
        var samples = Enumerable.Range(0, 9999).Select(_ => latency.Sample(random).TotalSeconds).Order().ToArray();
        Assert.InRange(samples[5000], median * 0.95, median * 1.05);
    }

    [Theory]
    [InlineData("")]
    [InlineData("slow")]
    [InlineData("none:1")]
    [InlineData("fixed")]
    [InlineData("fixed:-1")]
    [InlineData("fixed:NaN")]
    [InlineData("fixed:1,2")]
    [InlineData("lognormal:0.3")]
    [InlineData("lognormal:0.3,9")]
    public void Mistake_says_what_is_expected(string text)
    {
        var mistake = Assert.Throws<FormatException>(() => ToolLatency.Parse(text));
        Assert.StartsWith("Pharos:DemoTools:Latency must be 'none', 'fixed:SECONDS'", mistake.Message);
        Assert.EndsWith($"it is '{text}'.", mistake.Message);
    }
}

/// <summary>The way of a real call: registry, pipeline, HTTP, demo tool, and back.</summary>
public sealed class DemoToolsOverHttpTests : IAsyncLifetime
{
    private readonly ManualTime time = new();
    private ServiceProvider services = null!;

    public async Task InitializeAsync()
    {
        services = new ServiceCollection().AddLogging().AddSingleton<TimeProvider>(time).AddPharosTools().AddDemoTools()
            .Configure<PharosOptions>(options => options.DemoTools.Latency = "none").BuildServiceProvider();
        await services.GetRequiredService<IHostedService>().StartAsync(default);
    }

    public async Task DisposeAsync()
    {
        await services.GetRequiredService<IHostedService>().StopAsync(default);
        await services.DisposeAsync();
    }

    [Theory]
    [InlineData("calculator", """{"expression": "127*43+9"}""", "5470", false)]
    [InlineData("calculator", """{"expression": "1/0"}""", """{"error": "division by zero"}""", true)]
    [InlineData("convert", """{"value": 12, "from": "C", "to": "F"}""", "53.6", false)]
    [InlineData("convert", """{"value": "2.5", "from": "m", "to": "cm"}""", "250", false)]
    [InlineData("convert", """{"value": 1, "from": "x", "to": "F"}""", """{"error": "unknown unit"}""", true)]
    [InlineData("get_time", """{"city": "Kathmandu"}""", "17:45", false)]
    [InlineData("get_time", """{"city": "New_York"}""", "07:00", false)]
    [InlineData("lookup", """{"term": "black hole"}""", "a star so heavy that light stays in", false)]
    [InlineData("lookup", """{"term": "blorp"}""", """{"error": "no such term"}""", true)]
    [InlineData("get_weather", """{"town": "Oslo"}""", """{"error": "bad request"}""", true)]
    [InlineData("get_weather", """{"city": ""}""", """{"error": "city not found"}""", true)]
    public async Task Result_reads_as_in_training(string tool, string arguments, string content, bool failed)
    {
        var result = await CallAsync(tool, arguments);

        Assert.Equal((content, failed), (result.Content, result.Failed));
    }

    [Fact]
    public async Task Weather_is_the_same_all_day_and_spaced_as_in_training()
    {
        var morning = await CallAsync("get_weather", """{"city": "Oslo"}""");
        time.Advance(TimeSpan.FromHours(11));
        var evening = await CallAsync("get_weather", """{"city": "oslo"}""");
        var days = new HashSet<string>();
        for (var day = 0; day < 10; day++)
        {
            time.Advance(TimeSpan.FromDays(1));
            days.Add((await CallAsync("get_weather", """{"city": "Oslo"}""")).Content);
        }

        Assert.Matches("""^\{"temp_c": -?\d+, "sky": "[a-z]+"\}$""", morning.Content);
        Assert.Equal(morning.Content, evening.Content);
        Assert.True(days.Count > 5);
    }

    [Fact]
    public async Task Bodies_are_json_and_failures_are_422()
    {
        using var http = new HttpClient();
        var url = services.GetRequiredService<ToolRegistry>().Find("lookup")!.Url;

        var found = await http.PostAsync(url, new StringContent("""{"term": "quasar"}""", Encoding.UTF8, "application/json"));
        var broken = await http.PostAsync(url, new StringContent("{", Encoding.UTF8, "application/json"));

        Assert.Equal((HttpStatusCode.OK, "\"a bright distant galaxy core\""), (found.StatusCode, await found.Content.ReadAsStringAsync()));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, """{"error": "bad request"}"""), (broken.StatusCode, await broken.Content.ReadAsStringAsync()));
        Assert.Equal("application/json", found.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public void Bad_latency_is_refused_when_options_are_read()
    {
        using var wrong = new ServiceCollection().AddPharosTools().AddDemoTools()
            .Configure<PharosOptions>(options => options.DemoTools.Latency = "slow").BuildServiceProvider();
        var mistake = Assert.Throws<OptionsValidationException>(() => wrong.GetRequiredService<IOptions<PharosOptions>>().Value);
        Assert.Contains("Pharos:DemoTools:Latency", mistake.Message);
    }

    private Task<ToolResult> CallAsync(string tool, string arguments) =>
        services.GetRequiredService<IToolCaller>().CallAsync(new ToolCall("call_1", tool, arguments), null, default);
}
