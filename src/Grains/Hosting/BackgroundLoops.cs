namespace Pharos.Grains.Hosting;

/// <summary>
/// Where the loops run that live beside grains' turns (a device's iterations, a gateway's streams): the thread pool. A simulation that has to
/// be repeatable names schedulers of its own.
/// </summary>
/// <param name="schedulerOf">By the loop's name; null: the thread pool.</param>
public sealed class BackgroundLoops(Func<string, TaskScheduler>? schedulerOf = null)
{
    public Task Start(string name, Func<Task> loop) => Task.Factory.StartNew(
        loop, CancellationToken.None, TaskCreationOptions.DenyChildAttach, schedulerOf?.Invoke(name) ?? TaskScheduler.Default).Unwrap();
}
