namespace Pharos.InProcess;

/// <summary>A silo's services: its own first, then the host's. Own services may use either; disposing ends the own ones only.</summary>
internal sealed class SiloServices : IKeyedServiceProvider, IServiceProviderIsKeyedService, IAsyncDisposable
{
    private readonly IServiceProvider host;
    private readonly ServiceProvider own;
    private readonly HashSet<(Type, object?)> ownTypes = [];

    public SiloServices(IServiceProvider host, IServiceCollection services, string silo)
    {
        this.host = host;
        var redirected = new ServiceCollection();
        foreach (var descriptor in services)
        {
            if (descriptor.ServiceType.IsGenericTypeDefinition)
            {
                throw new OrleansException($"ConfigureSilo of {silo} registers {descriptor.ServiceType}: open generic services (options and logging bring some) can't belong to one silo. Register an instance or a factory.");
            }

            ownTypes.Add((descriptor.ServiceType, descriptor.ServiceKey));
            ((ICollection<ServiceDescriptor>)redirected).Add(Redirect(descriptor));
        }

        own = redirected.BuildServiceProvider();
    }

    public object? GetService(Type serviceType)
    {
        if (serviceType == typeof(IServiceProvider) || serviceType == typeof(IServiceProviderIsService) || serviceType == typeof(IServiceProviderIsKeyedService)) return this;
        return Owns(serviceType, null) ? own.GetService(serviceType) : host.GetService(serviceType);
    }

    public object? GetKeyedService(Type serviceType, object? serviceKey) =>
        Owns(serviceType, serviceKey) ? own.GetKeyedService(serviceType, serviceKey) : (host as IKeyedServiceProvider)?.GetKeyedService(serviceType, serviceKey);

    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) =>
        GetKeyedService(serviceType, serviceKey) ?? throw new InvalidOperationException($"No service of type {serviceType} with the key '{serviceKey}' is registered, neither for the host nor for this silo.");

    public bool IsService(Type serviceType) => Owns(serviceType, null) || (host.GetService<IServiceProviderIsService>()?.IsService(serviceType) ?? false);

    public bool IsKeyedService(Type serviceType, object? serviceKey) => Owns(serviceType, serviceKey) || (host.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(serviceType, serviceKey) ?? false);

    public ValueTask DisposeAsync() => own.DisposeAsync();

    private bool Owns(Type type, object? key) =>
        ownTypes.Contains((type, key)) || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IEnumerable<>) && ownTypes.Contains((type.GetGenericArguments()[0], key)));

    // What the container would construct from its own services alone is constructed from both.
    private ServiceDescriptor Redirect(ServiceDescriptor descriptor)
    {
        if (descriptor.IsKeyedService)
        {
            if (descriptor.KeyedImplementationInstance is not null) return descriptor;
            if (descriptor.KeyedImplementationFactory is { } keyed) return new ServiceDescriptor(descriptor.ServiceType, descriptor.ServiceKey, (_, key) => keyed(this, key), descriptor.Lifetime);
            return new ServiceDescriptor(descriptor.ServiceType, descriptor.ServiceKey, (_, _) => ActivatorUtilities.CreateInstance(this, descriptor.KeyedImplementationType!), descriptor.Lifetime);
        }

        if (descriptor.ImplementationInstance is not null) return descriptor;
        if (descriptor.ImplementationFactory is { } factory) return new ServiceDescriptor(descriptor.ServiceType, _ => factory(this), descriptor.Lifetime);
        return new ServiceDescriptor(descriptor.ServiceType, _ => ActivatorUtilities.CreateInstance(this, descriptor.ImplementationType!), descriptor.Lifetime);
    }
}
