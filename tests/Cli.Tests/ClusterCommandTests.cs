using Pharos.EndToEnd.Tests;

namespace Pharos.Cli.Tests;

[Collection(OneGateway.Name)]
public sealed class ClusterCommandTests(CliFixture cli)
{
    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Workers_are_a_table_for_people_and_the_gateways_json_for_programs()
    {
        var ran = await cli.RunAsync("workers");
        Assert.Equal((0, ""), (ran.Status, ran.Errors));
        Assert.Contains("spark/silo-0/0", ran.Output);
        Assert.Contains("active", ran.Output);
        Assert.Equal(2, (await cli.JsonAsync("workers")).GetArrayLength());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Request_is_listed_and_explained_with_its_decision_and_prices()
    {
        var id = await cli.FinishAsync();
        await cli.Gateway.UntilAsync("the scheduler has heard of the end", async () => (await cli.RunAsync("requests", "--state", "finished", "--limit", "1000")).Output.Contains(id));
        var told = await cli.RunAsync("explain", id[^10..]); // an end of the id will do
        Assert.Equal((0, ""), (told.Status, told.Errors));
        Assert.StartsWith($"{id} is finished", told.Output);
        foreach (var word in (string[])["first token", "paused for calculator", "tools returned", "preserve", "token-seconds of memory"])
            Assert.Contains(word, told.Output);
        Assert.Equal(id, (await cli.JsonAsync("explain", id)).GetProperty("id").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Parked_request_says_why_it_waits_and_is_cancelled()
    {
        var id = await cli.ParkAsync();
        Assert.Contains("It waits for its client to bring the result of get_weather", (await cli.RunAsync("explain", id)).Output);
        Assert.Equal("cancelled", (await cli.JsonAsync("cancel", id)).GetProperty("state").GetString());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Worker_is_drained_by_the_end_of_its_name_until_nothing_is_left_and_brought_back()
    {
        try
        {
            var drained = await cli.JsonAsync("drain", "silo-0/1", "--wait");
            Assert.Equal(("spark/silo-0/1", 0), (drained.GetProperty("worker").GetString(), drained.GetProperty("running").GetInt32()));
            var unclear = await cli.RunAsync("cordon", "nowhere");
            Assert.Equal((1, "No worker 'nowhere' is known; there are: spark/silo-0/0, spark/silo-0/1."), (unclear.Status, unclear.Errors.Trim()));
        }
        finally
        {
            Assert.Equal("spark/silo-0/1 is active.", (await cli.RunAsync("undrain", "1")).Output.Trim());
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Policy_is_shown_and_switched()
    {
        try
        {
            Assert.Contains("ranks there are: fcfs", (await cli.RunAsync("policy")).Output);
            Assert.Equal("fcfs", (await cli.JsonAsync("policy", "--rank", "fcfs")).GetProperty("rank").GetString());
            var wrong = await cli.RunAsync("policy", "--rank", "luck");
            Assert.Equal(1, wrong.Status);
            Assert.Contains("'luck' is not known", wrong.Errors);
        }
        finally
        {
            Assert.Equal("pharos", (await cli.JsonAsync("policy", "--rank", "pharos")).GetProperty("rank").GetString());
        }
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Tools_and_the_counterfactual_are_told()
    {
        await cli.FinishAsync();
        await cli.FinishAsync();
        Assert.Contains("calculator", (await cli.RunAsync("tools")).Output);
        var told = await cli.RunAsync("counterfactual");
        Assert.Equal(0, told.Status);
        Assert.Contains("no measurement", told.Output);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Chat_streams_the_answer_and_shows_the_tool_call()
    {
        var ran = await cli.RunAsync("chat", "What is 127*43+9?", "--temperature", "0");
        Assert.Equal((0, ""), (ran.Status, ran.Errors));
        Assert.Contains("-> calculator(", ran.Output);
        Assert.Contains("127*43+9 is 5470.", ran.Output);

        var json = await cli.JsonAsync("chat", "What is 127*43+9?", "--temperature", "0");
        Assert.Equal("127*43+9 is 5470.", json.GetProperty("content").GetString());
        Assert.Equal("calculator", Assert.Single(json.GetProperty("toolCalls").EnumerateArray()).GetProperty("name").GetString());
        Assert.True(json.GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 0);
        Assert.Empty((await cli.JsonAsync("chat", "Hello!", "--no-tools", "--max-tokens", "4")).GetProperty("toolCalls").EnumerateArray());
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Unknown_ids_models_and_parked_moves_are_told_in_the_gateways_words()
    {
        Assert.Contains("No request 'nobody-knows-this-one-at-all' is known", (await cli.RunAsync("explain", "nobody-knows-this-one-at-all")).Errors);
        Assert.Contains("gpt-9", (await cli.RunAsync("chat", "Hello!", "--model", "gpt-9")).Errors);
        var moved = await cli.RunAsync("migrate", "nobody-knows-this-one-at-all");
        Assert.Equal(1, moved.Status);
        Assert.NotEmpty(moved.Errors);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Where_nothing_answers_one_sentence_says_so_and_what_to_do()
    {
        var ran = await Ran.Of("workers", "--url", "http://127.0.0.1:9");
        Assert.Equal((1, ""), (ran.Status, ran.Output));
        Assert.Contains("Nothing answers at http://127.0.0.1:9/", ran.Errors);
        Assert.Contains("--url or PHAROS_URL", ran.Errors);
        Assert.Contains("expected an address like", (await Ran.Of("workers", "--url", "somewhere")).Errors);
    }

    [Fact(Timeout = PharosGateway.GuardMilliseconds)]
    public async Task Without_a_key_that_is_asked_for_the_command_says_how_to_give_one()
    {
        var hash = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("op-secret"u8));
        await using var guarded = await PharosGateway.StartAsync("Workers=1", $"ApiKeys:op:Hash={hash}", "ApiKeys:op:Role=operator");
        var url = guarded.Url.ToString();
        var refused = await Ran.Of("tools", "--url", url);
        Assert.Equal(1, refused.Status);
        Assert.Contains("--key or PHAROS_API_KEY", refused.Errors);
        Assert.Equal(0, (await Ran.Of("tools", "--url", url, "--key", "op-secret")).Status);
    }

    [Theory]
    [InlineData("dra", "drain")]
    [InlineData("policy --rank pharos", "pharos-bounded")]
    public async Task Shells_complete_commands_and_names(string line, string expected)
    {
        var ran = await Ran.Of($"[suggest:{line.Length}]", line);
        Assert.Contains(expected, ran.Output.Split('\n').Select(one => one.Trim()));
        Assert.Contains("complete -F _pharos pharos", (await Ran.Of("completion", "bash")).Output);
    }
}
