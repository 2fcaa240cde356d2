using System.Collections.Concurrent;
using System.Reflection;

namespace Pharos.InProcess;

/// <summary>The grain classes of this process, and which implements an interface.</summary>
internal sealed class GrainClasses
{
    private readonly Dictionary<string, GrainClass> byName = [];
    private readonly ConcurrentDictionary<(Type, string?), GrainClass> byInterface = new();

    public GrainClasses(InProcessClusterOptions options)
    {
        var assemblies = options.GrainAssemblies.Count > 0 ? options.GrainAssemblies.Distinct() : GrainAssemblies.Find();
        var types = assemblies.SelectMany(TypesOf).Where(IsGrainClass).OrderBy(t => t.FullName, StringComparer.Ordinal).ToList();
        var shortNames = types.CountBy(ShortName).ToDictionary();
        foreach (var type in types)
        {
            var name = type.GetCustomAttribute<GrainTypeAttribute>()?.GrainType ?? (shortNames[ShortName(type)] == 1 ? ShortName(type) : type.FullName!.ToLowerInvariant());
            if (!byName.TryAdd(name, new GrainClass(type, name))) throw new OrleansException($"Two grain classes are called '{name}': {byName[name].Type} and {type}. Give one a [GrainType].");
        }
    }

    public GrainClass ByName(string name) => byName.TryGetValue(name, out var grainClass)
        ? grainClass
        : throw new ArgumentException($"No grain class is called '{name}'; there are: {string.Join(", ", byName.Keys.Order(StringComparer.Ordinal))}.");

    public GrainClass ForInterface(Type type, string? classPrefix) => byInterface.GetOrAdd((type, classPrefix), Find);

    private GrainClass Find((Type Interface, string? Prefix) wanted)
    {
        var (type, prefix) = wanted;
        if (!type.IsInterface) throw new ArgumentException($"{type} is not an interface; grains are called through theirs.");
        var all = byName.Values.Where(c => type.IsAssignableFrom(c.Type)).ToList();
        var fitting = prefix is null ? all : all.Where(c => c.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal) || c.Type.Name.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        if (fitting.Count > 1 && fitting.SingleOrDefault(c => "I" + c.Type.Name == type.Name) is { } named) return named;
        return fitting.Count switch
        {
            1 => fitting[0],
            0 => throw new ArgumentException($"No grain class implements {type}{(prefix is null ? "" : $" and begins with '{prefix}'")}. Classes are looked for in the assemblies of InProcessClusterOptions.GrainAssemblies, or, where none are given, in all that lie beside the program and use Pharos.InProcess."),
            _ => throw new ArgumentException($"{type} is implemented by {string.Join(", ", fitting.Select(c => c.Type.Name))}: name one with grainClassNamePrefix."),
        };
    }

    private static bool IsGrainClass(Type type) => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && typeof(IGrainBase).IsAssignableFrom(type);

    private static string ShortName(Type type)
    {
        var name = type.Name.ToLowerInvariant();
        return name.Length > 5 && name.EndsWith("grain", StringComparison.Ordinal) ? name[..^5] : name;
    }

    private static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException incomplete)
        {
            return incomplete.Types.OfType<Type>();
        }
    }
}
