using Microsoft.Playwright;
using Pharos.EndToEnd.Tests;

namespace Pharos.Console.Tests;

/// <summary>One gateway with the embedded model, and one browser for all tests. Little memory and slow tools, so that there is something to see.</summary>
public sealed class ConsoleFixture : IAsyncLifetime
{
    private readonly CancellationTokenSource stop = new();
    private IPlaywright? playwright;
    private IBrowser? browser;
    private Task load = Task.CompletedTask;

    public PharosGateway Gateway { get; private set; } = null!;

    /// <summary>A request that stays parked on its client's tool.</summary>
    public string Parked { get; private set; } = "";

    /// <summary>One that called a tool of the cluster and has ended.</summary>
    public string Finished { get; private set; } = "";

    public async Task InitializeAsync()
    {
        if (Chromium.Path is null)
            return;
        Gateway = await PharosGateway.StartAsync("Kv:DeviceBytes=4000000", "DemoTools:Latency=fixed:0.3");
        Parked = Id(await Gateway.Http.PostAsync(Wire.Ask("What is the weather in Oslo?").WithTools("get_weather")));
        Finished = Id(await Gateway.Http.PostAsync(Wire.Ask("What is 127*43+9?").RunTools()));
        load = LoadAsync(stop.Token);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Path, Args = ["--no-sandbox"] });
    }

    /// <param name="view">What stands behind the <c>#/</c>.</param>
    public async Task<Tab> OpenAsync(string view, int width = 1440, ColorScheme scheme = ColorScheme.Light)
    {
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = width > 600 ? 900 : 844 }, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(30_000);
        var tab = new Tab(context, await context.NewPageAsync(), Gateway.Url);
        await tab.Page.GotoAsync(new Uri(Gateway.Url, $"console/#/{view}").ToString());
        await Assertions.Expect(tab.Page.Locator("#live-text")).ToHaveTextAsync("live");
        return tab;
    }

    public async Task DisposeAsync()
    {
        stop.Cancel();
        await load;
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        if (Gateway is not null)
            await Gateway.DisposeAsync();
        stop.Dispose();
    }

    // Two clients, one question after the other, each with a tool.
    private Task LoadAsync(CancellationToken ct) => Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
    {
        try
        {
            while (!ct.IsCancellationRequested)
                await Gateway.Http.PostAsync(Wire.Ask("What is the weather in Rome?").RunTools(), ct);
        }
        catch (OperationCanceledException)
        {
            // The tests are over.
        }
    }));

    private static string Id(Reply reply) => reply.Headers.GetValues("x-request-id").Single();
}

/// <summary>A page of the console, and what it said and asked for behind the reader's back.</summary>
public sealed class Tab : IAsyncDisposable
{
    private readonly IBrowserContext context;
    private readonly List<string> errors = [], foreign = [];

    internal Tab(IBrowserContext context, IPage page, Uri gateway)
    {
        (this.context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add(message.Text);
        };
        page.PageError += (_, error) => errors.Add(error);
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url).Authority != gateway.Authority)
                foreign.Add(request.Url);
        };
    }

    public IPage Page { get; }

    /// <summary>It broke nothing and asked nobody else.</summary>
    public void AssertClean()
    {
        Assert.Empty(errors);
        Assert.Empty(foreign);
    }

    /// <summary>Nothing stands beyond the right edge.</summary>
    public async Task AssertFitsAsync() =>
        Assert.Equal(0, await Page.EvaluateAsync<int>("Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"));

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class OneConsole : ICollectionFixture<ConsoleFixture>
{
    public const string Name = "one console for all";
}
