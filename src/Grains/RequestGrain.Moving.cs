using Pharos.Scheduling.Migration;
using Pharos.Scheduling.Requests;

namespace Pharos.Grains;

// Going to another worker.
public sealed partial class RequestGrain
{
    public async Task<MigrationStart> Migrate(string target, MigrationReason reason)
    {
        var from = core.State.Worker;
        var (refusal, effects) = core.Migrate(target, reason, Now);
        await Apply(effects);
        if (refusal is null && core.State.Move?.Target != target)
            refusal = core.State.Timeline[^1].Event; // the target did not want it
        return new MigrationStart(this.GetPrimaryKeyString(), from, target, refusal is null, refusal);
    }

    public async Task<string?> TakeOver(string worker, int epoch, bool parked, int segmentStart)
    {
        var (refusal, effects) = core.TakeOver(worker, epoch, parked, segmentStart, Now);
        await Apply(effects);
        return refusal;
    }

    public Task MoveFailed(int epoch, string because) => Apply(core.MoveFailed(epoch, because, Now));

    private async Task Move(RequestEffect.Move move)
    {
        Admission answer;
        try
        {
            answer = await GrainFactory.GetGrain<IWorkerGrain>(move.Target).Receive(move.Order);
        }
        catch (Exception failure)
        {
            NotDelivered(log, this.GetPrimaryKeyString(), failure);
            answer = new Admission(AdmissionKind.Refused, "it does not answer");
        }

        if (answer.Kind != AdmissionKind.Accepted)
            core.MoveFailed(move.Order.Epoch, answer.Because ?? "it does not take it", Now);
    }
}
