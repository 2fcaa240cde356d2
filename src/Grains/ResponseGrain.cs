using Microsoft.Extensions.Options;
using Pharos.Grains.Configuration;

namespace Pharos.Grains;

/// <summary>Keeps one response for as long as it may be asked for.</summary>
public sealed class ResponseGrain(
    [PersistentState("response", "pharos")] IPersistentState<ResponseState> storage, IOptions<PharosOptions> options, TimeProvider time) : Grain, IResponseGrain
{
    /// <summary>How often it looks whether its time is over; an activation that looks is not collected before that.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromMinutes(5);

    private double Now => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private TimeSpan Retention => options.Value.ResponseRetention;

    public override Task OnActivateAsync(CancellationToken ct)
    {
        var look = Retention < LongestLook ? Retention : LongestLook;
        this.RegisterGrainTimer(Look, new GrainTimerCreationOptions(look, look) { KeepAlive = true });
        return Task.CompletedTask;
    }

    public Task Keep(StoredResponse response)
    {
        storage.State.Response = response;
        storage.State.KeptAt = Now;
        return storage.WriteStateAsync();
    }

    public async Task<StoredResponse?> Find(string tenant)
    {
        await Look(CancellationToken.None);
        return storage.State.Response is { } response && response.Tenant == tenant ? response : null;
    }

    public async Task<bool> Forget(string tenant)
    {
        if (await Find(tenant) is null)
            return false;
        await Clear();
        return true;
    }

    private Task Look(CancellationToken ct) => Now - storage.State.KeptAt >= Retention.TotalSeconds ? Clear() : Task.CompletedTask;

    private async Task Clear()
    {
        if (storage.RecordExists)
            await storage.ClearStateAsync();
        storage.State.Response = null;
        DeactivateOnIdle();
    }
}
