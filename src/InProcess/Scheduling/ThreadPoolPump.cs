namespace Pharos.InProcess;

/// <summary>Messages arrive at once on the sender's thread; turns run on the thread pool.</summary>
public sealed class ThreadPoolPump : IMessagePump
{
    public void Deliver(IDelivery message) => message.Arrive();

    public void Schedule(ITurnQueue turns) => ThreadPool.UnsafeQueueUserWorkItem(turns, preferLocal: true);

    public TaskCreationOptions Continuations => TaskCreationOptions.RunContinuationsAsynchronously;

    public Task SettleAsync()
    {
        var behindTheOthers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(static source => source.SetResult(), behindTheOthers, preferLocal: false);
        return behindTheOthers.Task;
    }
}
