using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Pharos.InProcess;

/// <summary>
/// The assemblies that may hold grain classes: those that use this one, loaded or lying beside the program. A program that knows only the grains'
/// interfaces never loads their classes by itself.
/// </summary>
internal static class GrainAssemblies
{
    private static readonly string Own = typeof(GrainAssemblies).Assembly.GetName().Name!;

    public static IEnumerable<Assembly> Find()
    {
        var loaded = AppDomain.CurrentDomain.GetAssemblies().Where(a => !a.IsDynamic).ToList();
        var known = loaded.Select(a => a.GetName().Name).ToHashSet();
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            if (!known.Contains(name) && UsesThisOne(file)) loaded.Add(Assembly.Load(new AssemblyName(name)));
        }

        return loaded.Where(a => a.GetReferencedAssemblies().Any(r => r.Name == Own));
    }

    // Reads the file's tables: most of what lies there is not ours and stays unloaded.
    private static bool UsesThisOne(string file)
    {
        using var image = new PEReader(File.OpenRead(file));
        if (!image.HasMetadata) return false;
        var metadata = image.GetMetadataReader();
        return metadata.IsAssembly && metadata.AssemblyReferences.Any(r => metadata.StringComparer.Equals(metadata.GetAssemblyReference(r).Name, Own));
    }
}
