using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Inference.Torch.KvCache;

/// <summary>Moves whole blocks between the tiers. Everything is called on the engine's thread, in the order of the seam's calls.</summary>
internal interface ITierCopies : IDisposable
{
    /// <summary>Copies run beside steps that do not depend on them.</summary>
    bool RunBesideSteps { get; }

    /// <summary>What they have cost so far. May be read by any thread.</summary>
    BlockTransfers Moved { get; }

    /// <summary>Starts copies, each between the device and the host; they run after all that was asked of the device before.</summary>
    void Start(ReadOnlySpan<BlockCopy> copies);

    /// <summary>Makes what the device does next wait for the copies that a step depends on.</summary>
    void WaitFor(StepBatch batch);

    /// <summary>Makes what the device does next wait until blocks can be read, or written.</summary>
    void WaitFor(ReadOnlySpan<int> blocks, bool toWrite);
}
