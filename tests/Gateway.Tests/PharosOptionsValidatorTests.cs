using Pharos.Grains.Configuration;

namespace Pharos.Gateway.Tests;

public sealed class PharosOptionsValidatorTests
{
    [Fact]
    public void Validate_Defaults_Succeed() => Assert.True(new PharosOptionsValidator().Validate(null, new PharosOptions()).Succeeded);

    [Theory]
    [InlineData("cpu", "int8", true)]
    [InlineData("cpu", "fp16", false)]
    [InlineData("torch", "fp16", true)]
    [InlineData("torch", "int8", false)]
    public void Validate_WaysToKeepWeights_AreThoseOfTheBackend(string backend, string dtype, bool accepted) =>
        Assert.Equal(accepted, new PharosOptionsValidator().Validate(null, new PharosOptions { Backend = backend, Dtype = dtype }).Succeeded);

    [Fact]
    public void Validate_WrongValues_NameThePropertyAndTheRange()
    {
        var options = new PharosOptions { Backend = "tpu", Torch = { Device = "mps" }, Workers = -1, Dtype = "fp8", Kv = { BlockSize = 0 }, Prediction = { CallProbability = 2 } };
        options.Tenants["shop"] = new TenantOptions { Slo = { Ttft = TimeSpan.FromSeconds(-1), Itl = TimeSpan.FromDays(1) } };
        options.Tools["search"] = new ToolOptions { Url = "ftp://x" };

        var failures = new PharosOptionsValidator().Validate(null, options).Failures!.ToList();

        Assert.Contains("Pharos:Backend is 'tpu'; expected cpu, torch, simulated.", failures);
        Assert.Contains("Pharos:Workers is '-1'; expected 0 to 1024.", failures);
        Assert.Contains("Pharos:Dtype is 'fp8'; expected auto, fp32, bf16, int8.", failures);
        Assert.Contains("Pharos:Torch:Device is 'mps'; expected cuda, cpu.", failures);
        Assert.Contains("Pharos:Kv:BlockSize is '0'; expected 1 to 1024.", failures);
        Assert.Contains("Pharos:Prediction:CallProbability is '2'; expected 0 to 1.", failures);
        Assert.Contains("Pharos:Tenants:shop:Slo:Ttft is '-00:00:01'; expected more than 0 and at most 01:00:00.", failures);
        Assert.Contains("Pharos:Tenants:shop:Slo:Itl is '1.00:00:00'; expected more than 0 and at most 01:00:00.", failures);
        Assert.Contains(failures, failure => failure.StartsWith("Pharos:Tools:search:Url is 'ftp://x'", StringComparison.Ordinal));
    }
}
