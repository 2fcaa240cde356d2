using Pharos.Inference.Backend;
using Pharos.Inference.Kernels;
using Pharos.Inference.KvCache;
using Pharos.Inference.Loading;
using Pharos.Inference.Tests.Support;

namespace Pharos.Inference.Tests.Backend;

public sealed class SimulatedBackendContractTests : BackendContract
{
    protected override IModelBackend Create() =>
        new SimulatedBackend(new SimulatedBackendOptions { DeviceBlocks = 32, HostBlocks = 8, MinSegment = 30, MaxSegment = 40 });
}

/// <summary>Grouped queries, odd widths, an untied head: nothing fills a vector exactly.</summary>
public class CpuBackendContractTests : BackendContract
{
    protected virtual CpuBackendOptions Options => new() { KvType = KvType.Bf16 };

    private protected virtual TinyModel Model => new() { Tied = false };

    protected override IModelBackend Create()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Model.WithRandomWeights(5).Write(folder.Path));
        return CpuBackend.Create(model, Options with { DeviceBytes = 1 << 20, HostBytes = 1 << 19, MaxTokensPerStep = 128 });
    }
}

public sealed class CpuBackendWithSinglePrecisionCacheContractTests : CpuBackendContractTests
{
    protected override CpuBackendOptions Options => new() { KvType = KvType.F32, WeightType = WeightType.Bf16 };
}

/// <summary>Whole vectors, one head of keys a query head, several threads even for the smallest step.</summary>
public sealed class CpuBackendWithThreadsContractTests : CpuBackendContractTests
{
    protected override CpuBackendOptions Options => new() { KvType = KvType.Bf16, WeightType = WeightType.Bf16, Threads = 3, WorkForThreads = 0 };

    private protected override TinyModel Model => new() { Hidden = 64, HeadDim = 32, Heads = 2, KvHeads = 2, Intermediate = 96 };
}

public sealed class CpuBackendOnAvx2ContractTests : CpuBackendContractTests
{
    protected override CpuBackendOptions Options =>
        new() { KvType = KvType.Bf16, Instructions = KernelSet.IsSupported(InstructionPath.Avx2) ? InstructionPath.Avx2 : null };

    private protected override TinyModel Model => new() { Hidden = 64, HeadDim = 16, Heads = 6, KvHeads = 2 };
}

public sealed class CpuBackendPortableContractTests : CpuBackendContractTests
{
    protected override CpuBackendOptions Options => new() { KvType = KvType.Bf16, Instructions = InstructionPath.Portable };
}

/// <summary>Windows shorter than the prompts, two kinds of rotary angles, norms of heads and after each part.</summary>
public class CpuBackendWithGemma3ContractTests : BackendContract
{
    private protected virtual string Family => "gemma3";

    protected override IModelBackend Create()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelDirectory.Load(Families.All[Family]().WithRandomWeights(5).WriteDirectory(folder.Path));
        var options = new CpuBackendOptions { KvType = KvType.Bf16, Threads = 2, WorkForThreads = 0 };
        return CpuBackend.Create(model, options with { DeviceBytes = 1 << 20, HostBytes = 1 << 19, MaxTokensPerStep = 128 });
    }
}

/// <summary>Soft caps on scores and logits.</summary>
public sealed class CpuBackendWithGemma2ContractTests : CpuBackendWithGemma3ContractTests
{
    private protected override string Family => "gemma2";
}

/// <summary>Biases.</summary>
public sealed class CpuBackendWithQwen2ContractTests : CpuBackendWithGemma3ContractTests
{
    private protected override string Family => "qwen2-yarn";
}
