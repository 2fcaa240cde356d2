using Pharos.Inference.Backend;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Backend;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Torch.Tests;

/// <summary>What every backend promises, for the torch engine on this machine's processor; in single precision, where "the same" can be told.</summary>
public class TorchContractTests : BackendContract
{
    protected virtual string KvDtype => "auto";

    private protected virtual string Write(string folder) => new TinyModel { Tied = false }.WithRandomWeights(5).Write(folder);

    protected override IModelBackend Create()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Write(folder.Path));
        return Engines.Torch(model, new BackendSettings { KvDtype = KvDtype, Dtype = "fp32", DeviceBytes = 2 << 20, HostBytes = 1 << 19, MaxTokensPerStep = 128 });
    }
}

/// <summary>Keys and values are rounded on the way into the cache and widened on the way out.</summary>
public sealed class TorchWithHalfAsWideCacheContractTests : TorchContractTests
{
    protected override string KvDtype => "bf16";
}

/// <summary>Windows shorter than the prompts, two kinds of rotary angles, norms of heads and after each part.</summary>
public class TorchWithGemma3ContractTests : TorchContractTests
{
    private protected virtual string Family => "gemma3";

    private protected override string Write(string folder) => Families.All[Family]().WithRandomWeights(5).WriteDirectory(folder);
}

/// <summary>Soft caps on scores and logits.</summary>
public sealed class TorchWithGemma2ContractTests : TorchWithGemma3ContractTests
{
    private protected override string Family => "gemma2";
}

/// <summary>Biases.</summary>
public sealed class TorchWithQwen2ContractTests : TorchWithGemma3ContractTests
{
    private protected override string Family => "qwen2-yarn";
}
