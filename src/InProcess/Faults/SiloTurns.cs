namespace Pharos.InProcess;

public static class SiloTurns
{
    /// <summary>A scheduler for work beside grains that belongs to a silo: it stands still and ends when the silo does, and takes its turns from the cluster's pump.</summary>
    /// <param name="name">For traces.</param>
    public static TaskScheduler TurnsBeside(this ILocalSiloDetails silo, string name) => ((Silo)silo).NewTurns(name);
}
