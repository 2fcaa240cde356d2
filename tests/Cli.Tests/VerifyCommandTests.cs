using System.CommandLine;
using System.Text.Json;

namespace Pharos.Cli.Tests;

public sealed class VerifyCommandTests
{
    private static readonly string Spark = Path.Combine(RepositoryRoot(), "models", "spark");

    [Fact]
    public async Task Json_HasTheFieldsOfTheReport()
    {
        var (status, output, errors) = await RunAsync(Spark, "--json", "--tokens", "4", "--threads", "1");
        Assert.Equal((0, ""), (status, errors));
        var report = JsonDocument.Parse(output).RootElement;
        Assert.Equal("spark", report.GetProperty("model").GetString());
        Assert.Equal(4, report.GetProperty("generation").GetProperty("tokens").GetInt32());
        Assert.Equal(
            ["model", "family", "parameters", "storedType", "layers", "vocabularySize", "maxPositions", "fingerprint", "load", "roundTrip", "generation", "memory"],
            report.EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public async Task Lines_TellAPerson()
    {
        var (status, output, _) = await RunAsync(Spark, "--tokens", "2", "--prompt", "Hello");
        Assert.Equal(0, status);
        Assert.Contains("model      spark: llama,", output);
        Assert.Contains("a prompt in two steps gives the same bits", output);
    }

    [Theory]
    [InlineData("the directory does not exist", "/nowhere/at/all")]
    [InlineData("--tokens 0: at least 1 is expected.", "SPARK", "--tokens", "0")]
    [InlineData("The prompt has 0 tokens; 2 to", "SPARK", "--prompt", "")]
    public async Task WhatCannotBe_IsOneSentence(string complaint, params string[] arguments)
    {
        var (status, output, errors) = await RunAsync([.. arguments.Select(a => a == "SPARK" ? Spark : a)]);
        Assert.Equal((1, ""), (status, output));
        Assert.Contains(complaint, errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    private static async Task<(int Status, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var (written, complained) = (new StringWriter(), new StringWriter());
        int status = await VerifyCommand.Create().Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = written, Error = complained });
        return (status, written.ToString(), complained.ToString());
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Cluster.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Cluster.sln.");
        return folder.FullName;
    }
}
