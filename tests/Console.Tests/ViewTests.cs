using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pharos.Console.Tests;

/// <summary>What people see, on a desk and on a phone, by day and by night.</summary>
[Collection(OneConsole.Name)]
public sealed class ViewTests(ConsoleFixture console)
{
    [ChromiumTheory]
    [InlineData(1440)]
    [InlineData(390)]
    public async Task Cluster_shows_each_workers_memory_and_why_somebody_waits(int width)
    {
        await using var tab = await console.OpenAsync("cluster", width);
        var workers = tab.Page.GetByRole(AriaRole.List, new() { Name = "Workers" }).GetByRole(AriaRole.Listitem);
        await Expect(workers).ToHaveCountAsync(2);
        await Expect(workers.First).ToContainTextAsync("spark/silo-0/0");
        await Expect(workers.First.GetByRole(AriaRole.Img)).ToHaveAttributeAsync("aria-label", new Regex("KV memory of spark/silo-0/0 .*waiting for tools.* free"));
        await Expect(tab.Page.Locator(".band path.area-parked").First).ToBeAttachedAsync(); // the parked cache is drawn
        await Expect(tab.Page.Locator(".tile").Filter(new() { HasText = "On tools" }).Locator(".value")).Not.ToHaveTextAsync("0");
        await Expect(tab.Page.Locator(".waiting")).ToContainTextAsync("It waits for its client to bring the result of get_weather");

        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "by owner" }).ClickAsync();
        await Expect(tab.Page.Locator(".legend").First).ToContainTextAsync("shared beginnings");
        await Expect(tab.Page.Locator(".legend", new() { HasText = console.Parked[^8..] })).ToHaveCountAsync(1);
        await tab.AssertFitsAsync();
        tab.AssertClean();
    }

    [ChromiumTheory]
    [InlineData(1440)]
    [InlineData(390)]
    public async Task Request_shows_its_life_the_decision_and_its_prices(int width)
    {
        await using var tab = await console.OpenAsync($"requests/{console.Finished}", width);
        await Expect(tab.Page.GetByRole(AriaRole.Img, new() { NameRegex = new Regex("^In order: queued .*prefill .*decode .*calculator .*resume.*decode") })).ToBeVisibleAsync();
        var receipt = tab.Page.GetByRole(AriaRole.Article, new() { Name = "Call of calculator" });
        await Expect(receipt).ToContainTextAsync("✓ preserve");
        await Expect(receipt).ToContainTextAsync(new Regex("took [0-9]"));
        await Expect(tab.Page.Locator(".steps")).ToContainTextAsync("paused for calculator");
        await tab.AssertFitsAsync();
        tab.AssertClean();
    }

    [ChromiumFact]
    public async Task Parked_request_says_in_words_what_it_waits_for()
    {
        await using var tab = await console.OpenAsync($"requests/{console.Parked}");
        await Expect(tab.Page.Locator(".why")).ToContainTextAsync("keeping it was priced at");
        await Expect(tab.Page.GetByText("still runs")).ToBeVisibleAsync();
        tab.AssertClean();
    }

    [ChromiumFact]
    public async Task Tools_and_replay_show_what_was_learned_and_what_it_rests_on()
    {
        await using var tab = await console.OpenAsync("tools");
        await Expect(tab.Page.GetByRole(AriaRole.Article, new() { Name = "get_weather" }).GetByRole(AriaRole.Img)).ToHaveAttributeAsync("aria-label", new Regex("half of the calls within"));
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "Replay" }).ClickAsync();
        await Expect(tab.Page.GetByText("An estimate, no measurement")).ToBeVisibleAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Rowheader, new() { Name = "fcfs, replayed" })).ToBeVisibleAsync();
        tab.AssertClean();
    }

    [ChromiumFact]
    public async Task Unknown_request_says_so()
    {
        await using var tab = await console.OpenAsync("requests/nobody");
        await Expect(tab.Page.GetByText("No request 'nobody' is known")).ToBeVisibleAsync();
    }

    [ChromiumTheory]
    [InlineData("cluster", 1440)]
    [InlineData("cluster", 390)]
    [InlineData("requests", 390)]
    [InlineData("request", 1440)]
    [InlineData("tools", 390)]
    [InlineData("replay", 1440)]
    [InlineData("operate", 390)]
    public async Task Nothing_is_hard_to_read_or_nameless_by_day_or_night(string view, int width)
    {
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using var tab = await console.OpenAsync(view == "request" ? $"requests/{console.Finished}" : view, width, scheme);
            await Expect(tab.Page.Locator("main h1")).ToBeVisibleAsync();
            await Expect(tab.Page.GetByText("Loading.")).ToHaveCountAsync(0);
            await tab.AssertFitsAsync();
            var found = await tab.Page.RunAxe();
            Assert.True(found.Violations.Length == 0, string.Join('\n', found.Violations.Select(one =>
                $"{view} {width} {scheme}: {one.Id}: {one.Help}: {string.Join("; ", one.Nodes.Take(3).Select(node => node.Html))}")));
        }
    }
}
