using Microsoft.Playwright;
using Pharos.EndToEnd.Tests;
using static Microsoft.Playwright.Assertions;

namespace Pharos.Console.Tests;

/// <summary>What people do: by keyboard, with a key, and when the gateway is out of reach.</summary>
[Collection(OneConsole.Name)]
public sealed class OperatorTests(ConsoleFixture console)
{
    [ChromiumFact]
    public async Task Keyboard_alone_leads_from_the_start_to_a_requests_steps()
    {
        await using var tab = await console.OpenAsync("cluster");
        var keys = tab.Page.Keyboard;
        await keys.PressAsync("Tab");
        await Expect(tab.Page.GetByText("Skip to content")).ToBeFocusedAsync();
        await keys.PressAsync("Tab"); // the brand
        await keys.PressAsync("Tab"); // Cluster
        await keys.PressAsync("Tab");
        await Expect(tab.Page.GetByRole(AriaRole.Link, new() { Name = "Requests" })).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await Expect(tab.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Requests");
        await Expect(tab.Page.Locator("main")).ToBeFocusedAsync();

        var row = tab.Page.Locator(".rows a").Last;
        await row.FocusAsync();
        await keys.PressAsync("Enter");
        await Expect(tab.Page.GetByRole(AriaRole.Heading, new() { Name = "Step by step" })).ToBeVisibleAsync();
        tab.AssertClean();
    }

    [ChromiumFact]
    public async Task Chart_tells_an_earlier_moment_by_the_arrow_keys()
    {
        await using var tab = await console.OpenAsync("cluster");
        var chart = tab.Page.Locator(".band").First;
        await chart.FocusAsync();
        await tab.Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(tab.Page.Locator(".legend .when").First).Not.ToContainTextAsync("of ");
        await Expect(chart.Locator(".cursor")).ToHaveAttributeAsync("visibility", "visible");
    }

    [ChromiumFact]
    public async Task Drain_asks_first_and_undrain_brings_the_worker_back()
    {
        await using var tab = await console.OpenAsync("operate");
        var row = tab.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "spark/silo-0/1" });
        await row.GetByRole(AriaRole.Button, new() { Name = "Drain spark/silo-0/1", Exact = true }).ClickAsync();
        var dialog = tab.Page.GetByRole(AriaRole.Dialog, new() { Name = "Drain spark/silo-0/1?" });
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Leave it" })).ToBeFocusedAsync();
        await tab.Page.Keyboard.PressAsync("Escape");
        await Expect(row).ToContainTextAsync("active");

        await row.GetByRole(AriaRole.Button, new() { Name = "Drain spark/silo-0/1", Exact = true }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Drain" }).ClickAsync();
        await Expect(tab.Page.Locator("#toasts")).ToContainTextAsync("spark/silo-0/1 is dr");
        await Expect(row.Locator(".badge")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("drain(ing|ed)"));
        await row.GetByRole(AriaRole.Button, new() { Name = "Undrain" }).ClickAsync();
        await Expect(row.Locator(".badge")).ToHaveTextAsync("active");
        tab.AssertClean();
    }

    [ChromiumFact]
    public async Task Policy_is_switched_while_the_cluster_serves()
    {
        await using var tab = await console.OpenAsync("operate");
        try
        {
            await tab.Page.GetByLabel("Order of what waits").SelectOptionAsync("fcfs");
            await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Switch" }).ClickAsync();
            await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Switch" }).ClickAsync();
            await Expect(tab.Page.Locator("#toasts")).ToContainTextAsync("order by fcfs");
            Assert.Equal("fcfs", (await console.Gateway.Http.FetchAsync("admin/policy")).Json.GetProperty("rank").GetString());
        }
        finally
        {
            using var back = await console.Gateway.Http.PostAsync("admin/policy", new StringContent("""{"rank":"pharos"}""", System.Text.Encoding.UTF8, "application/json"));
        }
        tab.AssertClean();
    }

    [ChromiumFact]
    public async Task Key_is_asked_for_kept_in_the_tab_and_sent()
    {
        await using var tab = await console.OpenAsync("cluster");
        // A gateway that wants a key; what it does with a good one, its own tests say.
        await tab.Page.RouteAsync("**/admin/**", route => route.Request.Headers.GetValueOrDefault("authorization") == "Bearer op-secret"
            ? route.ContinueAsync()
            : route.FulfillAsync(new() { Status = 401, ContentType = "application/problem+json", Body = """{"detail":"This gateway wants an API key."}""" }));
        await tab.Page.ReloadAsync();
        var banner = tab.Page.GetByRole(AriaRole.Alert).First;
        await Expect(banner).ToContainTextAsync("asks for an API key");
        await Expect(tab.Page.Locator(".tile .value").First).ToHaveTextAsync("-"); // nothing is known, which is not nothing
        await TryAsync("mistyped");
        await Expect(banner).ToContainTextAsync("does not know this key");
        await TryAsync("op-secret");
        await Expect(tab.Page.Locator("#live-text")).ToHaveTextAsync("live");
        await Expect(tab.Page.Locator("#banner")).ToBeHiddenAsync();
        Assert.Equal("op-secret", await tab.Page.EvaluateAsync<string>("sessionStorage.getItem('pharos.key')"));
        Assert.Equal(0, await tab.Page.EvaluateAsync<int>("localStorage.length"));

        async Task TryAsync(string key)
        {
            await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Enter a key" }).ClickAsync();
            await tab.Page.Locator("#key-input").FillAsync(key);
            await tab.Page.Keyboard.PressAsync("Enter");
        }
    }

    [ChromiumFact]
    public async Task On_a_phone_every_order_is_within_reach()
    {
        await using var tab = await console.OpenAsync("operate", width: 390);
        var row = tab.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "spark/silo-0/1" });
        foreach (var name in (string[])["Drain", "Cordon", "Undrain", "Evacuate"])
        {
            var box = (await row.GetByRole(AriaRole.Button, new() { Name = $"{name} spark/silo-0/1", Exact = true }).BoundingBoxAsync())!;
            Assert.InRange(box.X + box.Width, 1, 390);
        }
        await tab.AssertFitsAsync();
    }

    [ChromiumFact]
    public async Task Feed_that_broke_comes_back_by_itself()
    {
        await using var tab = await console.OpenAsync("cluster");
        await tab.Page.RouteAsync("**/admin/events", route => route.AbortAsync());
        await tab.Page.ReloadAsync();
        await Expect(tab.Page.Locator("#live-text")).ToHaveTextAsync("reconnecting");
        await tab.Page.UnrouteAllAsync();
        await Expect(tab.Page.Locator("#live-text")).ToHaveTextAsync("live");
    }
}
