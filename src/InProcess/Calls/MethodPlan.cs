using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;

namespace Pharos.InProcess;

/// <summary>What a call of one interface method needs, worked out once: attributes, how to copy, and a compiled invoker.</summary>
internal abstract class MethodPlan
{
    private static readonly ConcurrentDictionary<MethodInfo, MethodPlan> Plans = new();

    private readonly bool[] sharedArguments;
    private readonly int tokenIndex = -1;
    private readonly TimeSpan? timeout;

    protected MethodPlan(MethodInfo method)
    {
        var parameters = method.GetParameters();
        Name = $"{method.DeclaringType!.Name}.{method.Name}";
        Interleaves = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        ReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        OneWay = method.IsDefined(typeof(OneWayAttribute)) || method.ReturnType == typeof(void);
        SharedResult = method.ReturnParameter.IsDefined(typeof(ImmutableAttribute));
        timeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        sharedArguments = [.. parameters.Select(p => SharedTypes.ContainsDeclared(p.ParameterType) || p.IsDefined(typeof(ImmutableAttribute)))];
        tokenIndex = Array.FindIndex(parameters, p => p.ParameterType == typeof(CancellationToken));
        Invoker = Compile(method, parameters);
    }

    public string Name { get; }
    public bool Interleaves { get; }
    public bool ReadOnly { get; }
    public bool OneWay { get; }
    public bool SharedResult { get; }
    public bool TakesToken => tokenIndex >= 0;

    /// <summary>Calls the method on a grain: target, arguments, its returned task or sequence.</summary>
    public Func<object, object?[], object?> Invoker { get; }

    public static MethodPlan For(MethodInfo method) => Plans.TryGetValue(method, out var plan) ? plan : Plans.GetOrAdd(method, Create);

    /// <returns>What the interface method returns to its caller.</returns>
    public abstract object? Send(GrainFactory caller, CallTarget target, object?[] arguments);

    public TimeSpan Timeout(InProcessCluster cluster) => timeout ?? cluster.Options.ResponseTimeout;

    public object?[] CopyArguments(object?[] arguments, GrainFactory receiver)
    {
        CopyContext? context = null;
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!sharedArguments[i]) arguments[i] = (context ??= new CopyContext(receiver)).Copy(arguments[i]);
        }

        return arguments;
    }

    /// <summary>References among the arguments call from the silo that got them, also from threads outside its turns.</summary>
    public void BindReferences(object?[] arguments, GrainFactory receiver)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is GrainReference reference) arguments[i] = reference.BoundTo(receiver);
        }
    }

    public CancellationToken TokenOf(object?[] arguments) => tokenIndex >= 0 ? (CancellationToken)arguments[tokenIndex]! : default;

    public void SetToken(object?[] arguments, CancellationToken token)
    {
        if (tokenIndex >= 0) arguments[tokenIndex] = token;
    }

    private static MethodPlan Create(MethodInfo method)
    {
        if (method.ContainsGenericParameters || method.IsGenericMethod) throw new NotSupportedException($"{method.DeclaringType!.Name}.{method.Name} is generic; grain methods here are not.");
        if (method.GetParameters().Any(p => p.ParameterType.IsByRef)) throw new NotSupportedException($"{method.DeclaringType!.Name}.{method.Name} has a ref or out parameter, which cannot be sent.");

        var returned = method.ReturnType;
        if (returned == typeof(void) || returned == typeof(Task) || returned == typeof(ValueTask)) return new TaskPlan<NoResult>(method);
        var shape = returned.IsGenericType ? returned.GetGenericTypeDefinition() : null;
        var plan = shape == typeof(Task<>) || shape == typeof(ValueTask<>) ? typeof(TaskPlan<>) : shape == typeof(IAsyncEnumerable<>) ? typeof(StreamPlan<>) : null;
        if (plan is null) throw new NotSupportedException($"{method.DeclaringType!.Name}.{method.Name} returns {returned.Name}; grain methods return Task, Task<T>, ValueTask, ValueTask<T> or IAsyncEnumerable<T>, observers also void.");
        return (MethodPlan)Activator.CreateInstance(plan.MakeGenericType(returned.GetGenericArguments()), method)!;
    }

    private static Func<object, object?[], object?> Compile(MethodInfo method, ParameterInfo[] parameters)
    {
        var target = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        var call = Expression.Call(
            Expression.Convert(target, method.DeclaringType!),
            method,
            parameters.Select((p, i) => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType)));
        Expression body = method.ReturnType == typeof(void) ? Expression.Block(call, Expression.Constant(null)) : Expression.Convert(call, typeof(object));
        return Expression.Lambda<Func<object, object?[], object?>>(body, target, arguments).Compile();
    }
}
