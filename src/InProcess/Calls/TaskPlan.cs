using System.Reflection;

namespace Pharos.InProcess;

/// <summary>A method that returns void, a task or a value task; <see cref="NoResult"/> stands for no result.</summary>
internal sealed class TaskPlan<T>(MethodInfo method) : MethodPlan(method)
{
    private readonly bool returnsVoid = method.ReturnType == typeof(void);
    private readonly bool returnsValueTask = method.ReturnType.Name.StartsWith("ValueTask", StringComparison.Ordinal);

    public override object? Send(GrainFactory caller, CallTarget target, object?[] arguments)
    {
        var task = Start(caller, target, arguments);
        if (returnsVoid) return null;
        if (!returnsValueTask) return task;
        return typeof(T) == typeof(NoResult) ? new ValueTask(task) : new ValueTask<T>(task);
    }

    /// <summary>What the grain's method returned, as one kind of task.</summary>
    public static Task<T>? AsTask(object? returned) => returned switch
    {
        Task<T> task => task,
        ValueTask<T> task => task.AsTask(),
        ValueTask task => Discard(task.AsTask()),
        Task task => Discard(task),
        _ => null,
    };

    private Task<T> Start(GrainFactory caller, CallTarget target, object?[] arguments)
    {
        var token = TokenOf(arguments);
        if (token.IsCancellationRequested) return Task.FromCanceled<T>(token);

        MethodCall<T> call;
        try
        {
            call = new MethodCall<T>(this, caller, target, CopyArguments(arguments, caller.Cluster.Factory), token.CanBeCanceled);
        }
        catch (Exception exception)
        {
            return Task.FromException<T>(exception);
        }

        call.Send(OneWay ? System.Threading.Timeout.InfiniteTimeSpan : Timeout(caller.Cluster), token);
        if (!OneWay) return call.Outcome;
        _ = call.Outcome.ContinueWith(static t => _ = t.Exception, default, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return Task.FromResult(default(T)!);
    }

    private static async Task<T> Discard(Task task)
    {
        await task;
        return default!;
    }
}
