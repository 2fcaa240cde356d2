using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;
using Pharos.Inference.Verification;

namespace Pharos.Inference.Tests.Verification;

public sealed class ModelVerificationTests
{
    [Fact]
    public async Task EmbeddedModel_IsSound()
    {
        var report = await ModelVerification.RunAsync(Repository.EmbeddedModel, new VerificationOptions("Hello", Tokens: 8, Threads: 1), CancellationToken.None);
        Assert.Equal(("spark", "llama"), (report.Model, report.Family));
        Assert.Equal(report.RoundTrip.Texts, report.RoundTrip.Exact);
        Assert.True(report.RoundTrip.Texts > 10);
        Assert.Empty(report.RoundTrip.Differences);
        Assert.Equal(8, report.Generation.Tokens);
        Assert.True(report.Generation.PiecesAgree);
        Assert.Equal("its own template, tool calls as hermes", report.Load.ChatFormat);
        Assert.True(report.Memory.WeightBytes > report.Parameters);
        Assert.True(report.Memory.PeakProcessBytes > report.Memory.WeightBytes);
    }

    [Fact]
    public async Task GgufFile_IsTriedLikeADirectory()
    {
        using var folder = new TemporaryFolder();
        string path = Families.All["gemma3"]().WithRandomWeights(3).WriteGguf(Path.Combine(folder.Path, "tiny.gguf"));
        var report = await ModelVerification.RunAsync(path, new VerificationOptions(Tokens: 1_000, Threads: 1), CancellationToken.None);
        Assert.Equal(("tiny", "gemma3"), (report.Model, report.Family));
        Assert.Equal(FamilyModel.MaxPositions, report.Generation.PromptTokens + report.Generation.Tokens); // as far as the context goes
        Assert.True(report.Generation.PiecesAgree);
    }

    [Fact]
    public async Task DamagedWeights_AreNoticed()
    {
        using var folder = new TemporaryFolder();
        var model = Families.All["llama2"]().WithRandomWeights(3);
        model.Tensors["model.norm.weight"].Values[5] = float.NaN;
        var failure = await Assert.ThrowsAsync<InvalidDataException>(
            () => ModelVerification.RunAsync(model.WriteDirectory(folder.Path), new VerificationOptions(), CancellationToken.None));
        Assert.Contains("a logit is NaN; finite numbers are expected", failure.Message);
    }

    [Fact]
    public async Task WhatIsNotThere_IsNamed()
    {
        var failure = await Assert.ThrowsAsync<ModelLoadException>(() => ModelVerification.RunAsync("/nowhere/model.gguf", new VerificationOptions(), CancellationToken.None));
        Assert.Contains("model.gguf: the file is missing from /nowhere", failure.Message);
    }
}
