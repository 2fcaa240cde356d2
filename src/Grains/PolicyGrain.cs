namespace Pharos.Grains;

/// <summary>Keeps an operator's choice of policies.</summary>
public sealed class PolicyGrain([PersistentState("policies", "pharos")] IPersistentState<PolicyChoice> storage) : Grain, IPolicyGrain
{
    public Task Choose(string? rank, string? pause)
    {
        (storage.State.Rank, storage.State.Pause) = (rank ?? storage.State.Rank, pause ?? storage.State.Pause);
        return Write();
    }

    public async Task<PolicyChoice> Chosen()
    {
        if (storage.RecordExists)
            await Write();
        return storage.State;
    }

    // What could not be written must not be told as chosen.
    private async Task Write()
    {
        try
        {
            await storage.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
