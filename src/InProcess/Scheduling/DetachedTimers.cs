namespace Pharos.InProcess;

internal static class TimeProviderExtensions
{
    /// <summary>A timer that does not carry the context of whoever happened to create it (its trace, its AsyncLocals) into its callbacks.</summary>
    public static ITimer CreateDetachedTimer<TState>(this TimeProvider time, Action<TState> callback, TState state, TimeSpan dueTime, TimeSpan period) where TState : class
    {
        if (ExecutionContext.IsFlowSuppressed()) return time.CreateTimer(Run, (callback, state), dueTime, period);
        using (ExecutionContext.SuppressFlow()) return time.CreateTimer(Run, (callback, state), dueTime, period);

        static void Run(object? boxed)
        {
            var (callback, state) = ((Action<TState>, TState))boxed!;
            callback(state);
        }
    }
}
