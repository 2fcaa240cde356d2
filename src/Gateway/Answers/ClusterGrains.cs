using Pharos.Grains;

namespace Pharos.Gateway.Answers;

/// <summary>The grains the gateway talks to; a seam for tests, since the two hosts' factories differ in what they hold.</summary>
internal interface IClusterGrains
{
    IRequestGrain Request(string id);

    IWorkerGrain Worker(string worker);

    ISchedulerGrain Scheduler(string pool);

    IResponseGrain Response(string id);

    ITenantGrain Tenant(string tenant);
}

internal sealed class ClusterGrains(IGrainFactory factory) : IClusterGrains
{
    public IRequestGrain Request(string id) => factory.GetGrain<IRequestGrain>(id);

    public IWorkerGrain Worker(string worker) => factory.GetGrain<IWorkerGrain>(worker);

    public ISchedulerGrain Scheduler(string pool) => factory.GetGrain<ISchedulerGrain>(pool);

    public IResponseGrain Response(string id) => factory.GetGrain<IResponseGrain>(id);

    public ITenantGrain Tenant(string tenant) => factory.GetGrain<ITenantGrain>(tenant);
}
