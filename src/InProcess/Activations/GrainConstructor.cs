using System.Reflection;

namespace Pharos.InProcess;

/// <summary>Makes grains: constructor parameters come from the silo's services, those marked as persistent state from its storage.</summary>
internal sealed class GrainConstructor
{
    private readonly ConstructorInvoker invoker;
    private readonly Func<Activation, object?>[] parameters;

    public GrainConstructor(Type type)
    {
        var constructors = type.GetConstructors();
        var constructor = constructors.Length == 1
            ? constructors[0]
            : constructors.SingleOrDefault(c => c.IsDefined(typeof(ActivatorUtilitiesConstructorAttribute)))
              ?? throw new OrleansException($"{type} has {constructors.Length} public constructors; a grain has one, or marks one with [ActivatorUtilitiesConstructor].");
        invoker = ConstructorInvoker.Create(constructor);
        parameters = [.. constructor.GetParameters().Select(p => Source(type, p))];
    }

    public IGrainBase Create(Activation activation)
    {
        var arguments = new object?[parameters.Length];
        for (var i = 0; i < arguments.Length; i++) arguments[i] = parameters[i](activation);
        return (IGrainBase)invoker.Invoke(arguments);
    }

    private static Func<Activation, object?> Source(Type grain, ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (type == typeof(IGrainContext)) return activation => activation;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } state) return StateSource(grain, parameter, state);
        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed) return activation => activation.Silo.Services.GetRequiredKeyedService(type, keyed.Key);
        if (parameter.HasDefaultValue) return activation => activation.Silo.Services.GetService(type) ?? parameter.DefaultValue;
        return activation => activation.Silo.Services.GetService(type)
            ?? throw new InvalidOperationException($"{grain.Name} needs a {type} ('{parameter.Name}') which neither the host's services nor those of {activation.Silo.Name} have: register it, or use ConfigureSilo.");
    }

    private static Func<Activation, object?> StateSource(Type grain, ParameterInfo parameter, PersistentStateAttribute state)
    {
        var type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new OrleansException($"{grain.Name}: the parameter '{parameter.Name}' is marked [PersistentState] and is a {type}; an IPersistentState<T> was expected.");
        }

        var facet = ConstructorInvoker.Create(typeof(PersistentStateFacet<>).MakeGenericType(type.GetGenericArguments()).GetConstructors()[0]);
        return activation =>
        {
            var made = facet.Invoke(activation, activation.Silo.Cluster.Storage, state.StateName, state.StorageName);
            activation.AddState((IStorage)made);
            return made;
        };
    }
}
