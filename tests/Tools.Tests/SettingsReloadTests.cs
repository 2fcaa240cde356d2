using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;
using Pharos.Grains.Hosting;
using Pharos.Grains.Tools;

namespace Pharos.Tests.Tools;

/// <summary>An operator writes the configuration while the process serves.</summary>
public sealed class SettingsReloadTests : IAsyncLifetime
{
    private readonly IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Pharos:Tenants:shop:RequestsPerMinute"] = "600",
        ["Pharos:Tools:weather:Url"] = "https://weather.example/now",
        ["Pharos:Tools:stocks:Url"] = "https://stocks.example/now",
    }).Build();

    private readonly Lines lines = new();
    private ServiceProvider services = null!;

    private PharosOptions InForce => services.GetRequiredService<IOptions<PharosOptions>>().Value;

    private ToolRegistry Tools => services.GetRequiredService<ToolRegistry>();

    public async Task InitializeAsync()
    {
        var collection = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging(logging => logging.AddProvider(lines)).AddPharosTools();
        collection.AddOptions<PharosOptions>().Bind(configuration.GetSection(PharosOptions.Section));
        collection.AddSingleton<IValidateOptions<PharosOptions>, PharosOptionsValidator>().AddSingleton<IValidateOptions<PharosOptions>, ConfiguredEntries>().AddSingleton<SettingsReload>();
        services = collection.BuildServiceProvider();
        await services.GetRequiredService<SettingsReload>().StartAsync(default);
    }

    public async Task DisposeAsync() => await services.DisposeAsync();

    [Fact]
    public void New_limits_and_tools_hold_at_once_and_what_did_not_change_goes_on()
    {
        var (weather, stocks) = (Tools.Find("weather"), Tools.Find("stocks"));
        Tools.AddDemo(new Uri("http://127.0.0.1:5000"));
        Write(("Pharos:Tenants:shop:RequestsPerMinute", "60"), ("Pharos:Tenants:lab:Concurrency", "3"), ("Pharos:Tools:weather:MaxConcurrency", "2"), ("Pharos:Workers", "7"));

        Assert.Equal((60, 3), (InForce.LimitsOf("shop").Requests, InForce.LimitsOf("lab").Concurrency));
        Assert.Equal(2, Tools.Find("weather")!.MaxConcurrency);
        Assert.NotSame(weather, Tools.Find("weather"));
        Assert.Same(stocks, Tools.Find("stocks")); // its places and its circuit are behind this object
        Assert.NotNull(Tools.Find("calculator"));
        Assert.NotEqual(7, InForce.Workers); // that is for the next start
    }

    [Theory]
    [InlineData("Pharos:Tenants:shop:Weight", "-1", "Pharos:Tenants:shop:Weight is '-1'")]
    [InlineData("Pharos:Tools:weather:Timeout", "soon", "'Pharos:Tools:weather:Timeout'")]
    [InlineData("Pharos:Tenants:shop:Concurrency", "many", "'Pharos:Tenants:shop:Concurrency'")]
    [InlineData("Pharos:Tools:weather:Url", "ftp://weather.example", "Pharos:Tools:weather:Url")]
    public void What_is_wrong_changes_nothing_and_is_said(string key, string value, string said)
    {
        Write((key, value), ("Pharos:Tenants:shop:RequestsPerMinute", "60"));

        Assert.Equal(600, InForce.LimitsOf("shop").Requests);
        Assert.Equal("https://weather.example/now", Tools.Find("weather")!.Url.AbsoluteUri);
        var line = Assert.Single(lines.Written, line => line.Level == LogLevel.Error);
        Assert.Contains(said, line.Text, StringComparison.Ordinal);
        Assert.Contains("of before stay in force", line.Text, StringComparison.Ordinal);
    }

    private void Write(params (string Key, string Value)[] settings)
    {
        foreach (var (key, value) in settings)
            configuration[key] = value;
        configuration.Reload();
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public List<(LogLevel Level, string Text)> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add((logLevel, formatter(state, exception)));

        public void Dispose()
        {
        }
    }
}
