using Pharos.Grains.Devices;
using Pharos.Inference.Backend;
using Pharos.Scheduling.Worker;

namespace Pharos.Bench.Faults;

/// <summary>A simulated device that can run out of memory in the middle of a step.</summary>
internal sealed class FaultyDevice(SimulatedBackend device, FaultyPieces pieces) : IModelBackend
{
    /// <summary>The next step fails.</summary>
    public bool Fails { get; set; }

    public ModelShape Model => device.Model;

    public KvShape Kv => device.Kv;

    public BackendLimits Limits => device.Limits;

    public async ValueTask ForwardAsync(StepBatch batch, StepResult result, CancellationToken ct)
    {
        await device.ForwardAsync(batch, result, ct);
        if (Fails)
            throw new InsufficientMemoryException("the device is out of memory on purpose");
    }

    public void CopyBlocks(ReadOnlySpan<BlockCopy> copies) => device.CopyBlocks(copies);

    public BlockTransfers Transfers => device.Transfers;

    public async ValueTask<byte[]> ExportBlocksAsync(ReadOnlyMemory<int> blocks, KvSpan span, CancellationToken ct) =>
        pieces.Strike(await device.ExportBlocksAsync(blocks, span, ct));

    public ValueTask<KvSpan> ImportBlocksAsync(ReadOnlyMemory<byte> canonical, ReadOnlyMemory<int> blocks, CancellationToken ct) =>
        device.ImportBlocksAsync(canonical, blocks, ct);

    public ValueTask DisposeAsync() => device.DisposeAsync();
}

/// <summary>Opens the run's devices and keeps the loops that drive them in view.</summary>
internal sealed class WatchedDevices(IDeviceHost devices, Running.Watch watch) : IDeviceHost
{
    /// <summary>Their silo's process is gone.</summary>
    public bool AreGone { get; set; }

    public async Task<DeviceLoop> OpenAsync(string worker, CancellationToken ct)
    {
        var loop = await devices.OpenAsync(worker, ct);
        watch.Opened(worker, this, loop);
        return loop;
    }

    public Task<IModelBackend> PrepareAsync(string worker, string candidate, CancellationToken ct) => devices.PrepareAsync(worker, candidate, ct);

    public async Task<DeviceLoop> SwitchAsync(string worker, string candidate, IModelBackend prepared)
    {
        var loop = await devices.SwitchAsync(worker, candidate, prepared);
        watch.Opened(worker, this, loop);
        return loop;
    }

    public Task CloseAsync(string worker) => devices.CloseAsync(worker);
}
