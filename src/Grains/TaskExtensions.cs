namespace Pharos.Grains;

internal static class TaskExtensions
{
    /// <summary>Goes on without waiting; a failure is handed to <paramref name="failed"/>, if anybody wants it.</summary>
    public static void Forget(this Task task, Action<Exception>? failed = null) => task.ContinueWith(
        faulted => failed?.Invoke(faulted.Exception!.InnerException!),
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
